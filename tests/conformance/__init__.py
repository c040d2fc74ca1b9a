"""Vectors and goldens that every implementation must meet."""
