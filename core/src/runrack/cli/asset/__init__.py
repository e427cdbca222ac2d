"""`runrack asset`."""
