"""Tests of theta.editor."""
