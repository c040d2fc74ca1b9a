"""Small scripts that the Makefile runs: none of them is part of the engine."""
