"""Interest: which cells of the world a peer is told of, in which order, and why (INT-1 …)."""
