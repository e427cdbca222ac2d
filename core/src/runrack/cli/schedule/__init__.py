"""`runrack schedule`."""
