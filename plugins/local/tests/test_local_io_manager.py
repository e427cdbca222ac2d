"""LocalIOManager: values between steps in files, whole or not at all, and only below their folder."""

import logging
from pathlib import Path

import pytest

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.output import Out
from runrack.definitions.resource import resource
from runrack.engine import execute_job
from runrack.errors import UnstorableValueError, ValueNotFoundError
from runrack.instance.instance import Instance
from runrack.interfaces.io_manager import InputContext, IOManager, OutputContext
from runrack.records.asset_key import AssetKey
from runrack.records.event_type import EventType
from runrack_local import LocalIOManager, local_io_manager


@pytest.fixture
def instance():
    with Instance.local_temp() as opened:
        yield opened


@pytest.fixture
def manager(tmp_path):
    return LocalIOManager(str(tmp_path / "values"))


def output(instance, step_key="step", name="result", **given):
    return OutputContext("run-1", "job", step_key, name, instance, logging.getLogger("test"), **given)


def load(manager, context):
    return manager.load_input(InputContext("run-2", "job", "reader", "x", context))


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


@pytest.mark.parametrize("value", [None, 0, "text", b"\x00", [1, {"a": (2,)}], float("inf"), AssetKey(["a"])])
def test_a_value_comes_back_as_it_was(manager, instance, value):
    """What was handed over is loaded as an equal value."""
    manager.handle_output(output(instance), value)
    assert load(manager, output(instance)) == value


def test_values_of_different_outputs_do_not_meet(manager, instance):
    """Names that differ in case, in dots or in where one ends and the next begins have files of their own."""
    contexts = [
        output(instance, "a", "b"),
        output(instance, "A", "b"),
        output(instance, "a", "b", mapping_key="c"),
        output(instance, "a", "b", mapping_key="C"),
        output(instance, "a.b", "c"),
        output(instance, "../../x", "y"),
        output(instance, "l" * 120, "o" * 100),
        output(instance, "l" * 120, "o" * 101),
        output(instance, "s", asset_key=AssetKey(["a"])),
        output(instance, "s", asset_key=AssetKey(["a", "b"])),
        output(instance, "s", asset_key=AssetKey(["a"]), partition_key="b"),
    ]
    for number, context in enumerate(contexts):
        manager.handle_output(context, number)
    assert [load(manager, context) for context in contexts] == list(range(len(contexts)))


def test_an_asset_is_known_beyond_its_run(manager, instance):
    """The place of an asset's value depends on its key and partition alone."""
    manager.handle_output(output(instance, "write", asset_key=AssetKey(["sales"]), partition_key="2024"), 7)
    assert (
        load(manager, output(instance, "other", "x", asset_key=AssetKey(["sales"]), partition_key="2024"))
        == 7
    )


def test_a_value_that_cannot_be_pickled_leaves_the_old_one(manager, instance, tmp_path):
    """The error names output and type; no half-written file is left."""
    manager.handle_output(output(instance), "old")
    with pytest.raises(
        UnstorableValueError, match="output 'result' of step 'step' is a generator that cannot be pickled"
    ):
        manager.handle_output(output(instance), (n for n in ()))
    assert load(manager, output(instance)) == "old"
    assert files_below(tmp_path / "values") == ["run-1/values/step.result.pickle"]


def test_a_leftover_of_a_killed_process_is_in_nobodys_way(manager, instance, tmp_path):
    """A hidden file that was left behind does not keep the value from being written again."""
    manager.handle_output(output(instance), 1)
    (tmp_path / "values/run-1/values/.step.result.pickle.0badc0de.tmp").write_bytes(b"half")
    manager.handle_output(output(instance), 2)
    assert load(manager, output(instance)) == 2


def test_a_missing_value_is_named(manager, instance):
    """The error says which output of which step and run is missing."""
    with pytest.raises(ValueNotFoundError, match="output 'result' of step 'step' of run run-1"):
        load(manager, output(instance))


def test_files_are_for_their_owner(manager, instance, tmp_path):
    """Nobody else can read a value or put one there."""
    manager.handle_output(output(instance), 1)
    found = tmp_path / "values/run-1/values/step.result.pickle"
    assert (found.stat().st_mode & 0o777, found.parent.stat().st_mode & 0o777) == (0o600, 0o700)


class Upper(IOManager):
    """Keeps text in upper case, in memory."""

    def __init__(self):
        self.kept = {}

    def handle_output(self, context, obj):
        context.add_output_metadata({"length": len(obj)})
        self.kept[context.identifier[1:]] = obj.upper()

    def load_input(self, context):
        return self.kept[context.upstream_output.identifier[1:]]


@op
def greet():
    return "hello"


@op(out={"loud": Out(io_manager_key="loud"), "plain": Out()})
def say():
    return "loud", "plain"


@op
def show(context, first, second="-"):
    context.log.info("%s %s", first, second)


def shown(instance, result):
    return [entry.user_message for entry in instance.all_logs(result.run_id) if entry.event is None]


def test_values_of_a_stored_run_lie_below_the_storage_folder(instance):
    """Without an IO manager of its own, a stored run keeps its values with the instance; events say where."""

    @job
    def chain():
        show(greet())

    result = execute_job(chain, instance)
    handled, _ = result.events_of_type(EventType.HANDLED_OUTPUT)
    path = Path(instance.storage_directory(), result.run_id, "values/greet.result.pickle")
    assert result.success
    assert handled.event_specific_data.manager_key == "io_manager"
    assert handled.event_specific_data.metadata["path"].value == str(path)
    assert path.is_file()


def test_a_job_brings_its_own_io_manager(instance):
    """The resource io_manager of a job takes the place of the default one."""
    upper = Upper()

    @job(resource_defs={"io_manager": upper})
    def chain():
        show(greet())

    result = execute_job(chain, instance)
    assert shown(instance, result) == ["HELLO -"]
    assert (
        result.events_of_type(EventType.HANDLED_OUTPUT)[0].event_specific_data.metadata["length"].value == 5
    )


def test_an_output_names_its_io_manager(instance):
    """An output goes to the resource that it names; the others to the default."""

    @resource
    def loud():
        return Upper()

    @job(resource_defs={"loud": loud})
    def chain():
        first, second = say()
        show(first, second)

    assert shown(instance, execute_job(chain, instance)) == ["LOUD plain"]


def test_the_folder_can_be_configured(instance, tmp_path):
    """The resource local_io_manager keeps values in the folder that it is given."""

    @job(resource_defs={"io_manager": local_io_manager.configured({"base_dir": str(tmp_path / "mine")})})
    def chain():
        show(greet())

    result = execute_job(chain, instance)
    assert files_below(tmp_path / "mine") == [
        f"{result.run_id}/values/{step}.result.pickle" for step in ("greet", "show")
    ]


def test_a_value_that_cannot_be_kept_fails_the_step(instance):
    """The step fails with the error of the IO manager, and the run with it."""

    @op
    def give():
        return lambda: 1

    @job
    def chain():
        give()

    result = execute_job(chain, instance)
    (failure,) = result.events_of_type(EventType.STEP_FAILURE)
    assert failure.event_specific_data.error.cls_name == "UnstorableValueError"
