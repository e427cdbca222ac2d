"""Resources that are objects of classes."""

import pytest

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.resource import ResourceDefinition
from runrack.errors import ConfigError, InvalidDefinitionError

CLOSED: list[str] = []


class Database:
    """A database."""

    def __init__(self, host: str, port: int = 5432, user: str | None = None) -> None:
        self.address = (host, port, user)


class Session(Database):
    """A database that has to be closed."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        CLOSED.append(self.address[0])


@op(required_resource_keys={"database"})
def ask(context):
    return (*context.resources.database.address, list(CLOSED))


def run(resource_class, config):
    definition = ResourceDefinition.from_class(resource_class)

    @job(resource_defs={"database": definition})
    def asking():
        ask()

    result = asking.execute_in_process({"resources": {"database": {"config": config}}})
    return result.output_for_node("ask")


def test_the_constructor_takes_the_configuration():
    """Its parameters are the schema: types, defaults, and what has to be given."""
    assert run(Database, {"host": "db"}) == ("db", 5432, None, [])
    assert run(Database, {"host": "db", "port": 1, "user": "ann"}) == ("db", 1, "ann", [])
    with pytest.raises(ConfigError, match="port"):
        run(Database, {"host": "db", "port": "x"})
    with pytest.raises(ConfigError, match="host"):
        run(Database, {})
    assert ResourceDefinition.from_class(Database).description == "A database."


def test_a_context_manager_is_left_in_the_end():
    """It is entered in the setup, used by ops, and left in the teardown."""
    CLOSED.clear()
    assert run(Session, {"host": "db"})[-1] == []
    assert CLOSED == ["db"]


def test_every_parameter_has_a_name():
    """A constructor that takes anything cannot be configured."""

    class Anything:
        def __init__(self, **options) -> None: ...

    with pytest.raises(InvalidDefinitionError, match=r"\*\*options cannot be configured"):
        ResourceDefinition.from_class(Anything)
