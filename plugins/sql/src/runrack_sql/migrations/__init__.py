"""The migrations that lead from nothing to the tables of `runrack_sql.schema`."""
