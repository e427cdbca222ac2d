"""`runrack config`."""
