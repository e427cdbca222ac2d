"""`runrack daemon`."""
