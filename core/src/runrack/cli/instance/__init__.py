"""`runrack instance`."""
