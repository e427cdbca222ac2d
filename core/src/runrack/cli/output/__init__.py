"""How commands write: text, tables, JSON and YAML, without secrets."""
