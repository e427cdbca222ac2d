"""The tables, and the migrations that lead to them."""

from contextlib import contextmanager
from importlib.resources import files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import String, Text, create_engine, inspect
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from runrack.errors import InvalidDefinitionError
from runrack_sql.migration import create_tables, migrate_tables, versions
from runrack_sql.schema import SCHEMA_VERSION, VERSION_TABLE, metadata
from runrack_sql.schema_changes import SchemaChanges

TABLES = list(metadata.tables.values())
LARGEST_MYSQL_KEY = 3072
BYTES_OF_A_CHARACTER = 4


@pytest.fixture
def migrated():
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        create_tables(conn)
        yield conn
    engine.dispose()


def keys_of(table):
    """The columns of each index, unique constraint and primary key."""
    constraints = [set(each.columns) for each in table.constraints if hasattr(each, "columns")]
    return [*constraints, *(set(index.columns) for index in table.indexes)]


def test_migrating_from_nothing_gives_the_tables_of_the_code(migrated):
    """Alembic finds no difference between the migrated database and the tables, names of indexes included."""
    context = MigrationContext.configure(
        migrated, opts={"version_table": VERSION_TABLE, "compare_type": True}
    )
    assert compare_metadata(context, metadata) == []
    found = inspect(migrated)
    for table in TABLES:
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        assert indexes == {index.name for index in table.indexes}, table.name


def test_the_version_of_the_code_is_the_newest_migration(migrated):
    """The packaged constant is the head of the migrations, and what a migrated database is stamped with."""
    assert versions()[-1] == SCHEMA_VERSION
    assert migrated.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar() == SCHEMA_VERSION


def test_a_database_that_alembic_does_not_know_is_told():
    """The error says what the author of a plugin has to define, instead of a bare key."""
    engine = create_engine("sqlite://")
    engine.dialect.name = "unheard_of"
    with (
        engine.connect() as conn,
        pytest.raises(InvalidDefinitionError, match="DefaultImpl with __dialect__ = 'unheard_of'"),
    ):
        create_tables(conn)
    engine.dispose()


def test_migrations_are_part_of_the_package():
    """A wheel carries them: they lie in the import package."""
    names = {path.name for path in files("runrack_sql").joinpath("migrations", "versions").iterdir()}
    assert "rev_0001_first_tables.py" in names


def test_a_migration_that_was_killed_before_its_end_goes_on(migrated):
    """Whatever of a migration is there already is left alone."""

    @contextmanager
    def begin():
        yield migrated

    before = migrated.exec_driver_sql("SELECT name, sql FROM sqlite_master").all()
    migrate_tables(SchemaChanges(begin), "0001")
    assert migrated.exec_driver_sql("SELECT name, sql FROM sqlite_master").all() == before


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_has_a_primary_key(table):
    """Clusters of MySQL refuse a table without one."""
    assert table.primary_key.columns


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_key_fits_into_an_index_of_every_database(table):
    """Texts in keys have a length, and together stay below MySQL's limit."""
    for columns in keys_of(table):
        texts = [column.type for column in columns if isinstance(column.type, String)]
        assert not any(isinstance(text, Text) for text in texts)
        assert sum(text.length for text in texts) * BYTES_OF_A_CHARACTER <= LARGEST_MYSQL_KEY


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_text_compares_by_code_point_in_every_database(table):
    """Each text column states a collation that folds nothing and counts blanks; long text is not cut off."""
    for_mysql = str(CreateTable(table).compile(dialect=mysql.dialect()))
    for_mariadb = str(CreateTable(table).compile(dialect=mysql.dialect(is_mariadb=True)))
    for_postgresql = str(CreateTable(table).compile(dialect=postgresql.dialect()))
    texts = [column for column in table.columns if isinstance(column.type, String)]
    assert for_mysql.count("COLLATE utf8mb4_0900_bin") == len(texts)
    assert for_mariadb.count("COLLATE utf8mb4_nopad_bin") == len(texts)
    assert for_postgresql.count('COLLATE "C"') == len(texts)
    assert "TEXT COLLATE" not in for_mysql.replace("TEXT(4294967295) COLLATE", "")


@pytest.mark.parametrize("dialect", [mysql.dialect(), postgresql.dialect()], ids=lambda dialect: dialect.name)
def test_every_index_can_be_written_for_every_database(dialect):
    """Indexes compile for databases that this package does not talk to itself."""
    for table in TABLES:
        for index in table.indexes:
            assert index.name in str(CreateIndex(index).compile(dialect=dialect))
