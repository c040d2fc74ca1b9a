"""The command `theta`: arguments → configuration → run."""
