"""The command vocabulary applied to world and mesh, the fold that orders it, and each author's history."""
