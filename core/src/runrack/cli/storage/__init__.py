"""`runrack storage`."""
