"""Tests of theta.commands."""
