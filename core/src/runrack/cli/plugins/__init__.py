"""`runrack plugins`."""
