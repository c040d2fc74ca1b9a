"""Targets for atheris, each also run on its seeds by a plain test."""
