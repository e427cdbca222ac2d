"""The types of queries and rows whose columns are not told to the type checker."""

from typing import Any, TypeAlias

from sqlalchemy import Row, Select

Query: TypeAlias = Select[*tuple[Any, ...]]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
