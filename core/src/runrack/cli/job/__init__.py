"""`runrack job`, and how commands are told which job they mean."""
