"""What is wrong with a network, found out check by check: `theta doctor`."""
