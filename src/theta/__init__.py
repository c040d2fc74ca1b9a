"""Theta: build 3D worlds together, in VR, in a browser and in Python."""

__version__ = "0.1.0"
