"""Handshake, capabilities, invites, heartbeat and resume: who is there, and whether they still are."""
