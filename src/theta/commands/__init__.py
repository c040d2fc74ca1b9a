"""Signed packets, their admission and order, and the log that holds them."""
