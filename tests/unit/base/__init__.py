"""Tests of theta.base."""
