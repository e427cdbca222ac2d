"""A run storage and an event log storage in DuckDB files, over the tables and queries of runrack_sql."""
