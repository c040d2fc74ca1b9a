"""Everything that touches a socket, a clock, a thread or a file: thin drivers around the sans-IO core."""
