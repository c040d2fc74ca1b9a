"""The version of Theta, as both sides of a session say it."""

VERSION = "0.1.0"
