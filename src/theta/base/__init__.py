"""Identifiers, the Lamport clock, named limits, the error tree and seeded randomness: what every layer shares."""
