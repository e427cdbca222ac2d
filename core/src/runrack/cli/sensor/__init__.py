"""`runrack sensor`."""
