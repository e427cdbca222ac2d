"""`runrack backfill`."""
