"""Assets: jobs that make them, and what is said about them."""

import pytest

from runrack.definitions.asset import asset
from runrack.definitions.asset_job import define_asset_job, materialize
from runrack.definitions.partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from runrack.engine.direct_context import build_op_context
from runrack.engine.execution import execute_job
from runrack.errors import (
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidInvocationError,
    ValueNotFoundError,
)
from runrack.instance.instance import Instance
from runrack.records.asset_key import AssetKey
from runrack.records.event_data import AssetMaterializationPlannedData

COLOURS = StaticPartitionsDefinition(["red", "green"])


@pytest.fixture
def instance(tmp_path):
    with Instance.local_temp(tmp_path) as opened:
        yield opened


@asset(code_version="1")
def numbers():
    """The first numbers."""
    return [1, 2, 3]


@asset(key_prefix="reports", code_version="7")
def total(context, numbers):
    context.add_output_metadata({"count": len(numbers)})
    return sum(numbers)


@asset(deps=[total], group_name="mail")
def sent() -> None:
    return None


@asset(partitions_def=COLOURS)
def paint(context):
    return f"a pot of {context.partition_key}"


@asset(partitions_def=COLOURS)
def wall(paint):
    return f"a wall with {paint}"


ALL = [sent, total, numbers]


def materialized(result):
    return [
        event.event_specific_data.materialization for event in result.events_of_type("ASSET_MATERIALIZATION")
    ]


def test_assets_are_made_in_the_order_of_what_they_need():
    """Values go from asset to asset by the names of parameters; what has no value is made in its turn."""
    result = materialize(ALL)
    assert [fact.asset_key.to_user_string() for fact in materialized(result)] == [
        "numbers",
        "reports/total",
        "sent",
    ]
    assert result.output_for_node("reports__total") == 6


def test_a_run_says_first_what_it_is_going_to_make():
    """The planned materializations stand right after the start of the run."""
    result = materialize(ALL)
    planned = result.events_of_type("ASSET_MATERIALIZATION_PLANNED")
    assert [event.event_specific_data for event in planned] == [
        AssetMaterializationPlannedData(each.key) for each in (numbers, total, sent)
    ]
    assert [event.event_type for event in result.events[:4]] == ["RUN_START", *[planned[0].event_type] * 3]


def test_a_run_names_the_assets_that_it_makes(instance):
    """`Run.asset_selection` has what a run of an asset job makes; it is None for a run of chosen steps, or without assets."""
    some = define_asset_job("some", ALL, "numbers")
    chosen = execute_job(define_asset_job("all", ALL), instance, op_selection=["numbers"])
    assert execute_job(some, instance).run.asset_selection == {AssetKey("numbers")}
    assert chosen.run.asset_selection is None


def test_a_materialization_tells_what_it_was_made_from(instance):
    """It has the metadata of the output, the code version, its data version and those of what it was made from."""
    first = materialize([numbers, total], instance=instance)
    of_numbers, of_total = materialized(first)
    assert of_total.metadata["count"].value == 3
    assert of_total.tags["runrack/code_version"] == "7"
    assert of_total.tags["runrack/input_data_version/numbers"] == of_numbers.tags["runrack/data_version"]
    again = materialized(materialize([numbers, total], instance=instance))
    assert [fact.tags for fact in again] == [of_numbers.tags, of_total.tags]


def test_without_a_code_version_every_run_makes_new_data(instance):
    """What is made by code that says nothing about itself may have changed."""
    versions = [
        materialized(materialize([paint], instance=instance, partition_key="red"))[0] for _ in range(2)
    ]
    assert versions[0].tags["runrack/data_version"] != versions[1].tags["runrack/data_version"]


def test_what_is_not_selected_is_loaded(instance):
    """The value of an asset that another run made comes from where it is kept, and its data version from the log."""
    made = materialized(materialize([numbers], instance=instance))[0]
    job = define_asset_job("only_total", ALL, "reports/total")
    result = execute_job(job, instance, raise_on_error=True)
    (fact,) = materialized(result)
    assert result.success
    assert fact.tags["runrack/input_data_version/numbers"] == made.tags["runrack/data_version"]
    (loaded,) = result.events_of_type("LOADED_INPUT")
    assert loaded.message == "Loaded input 'numbers' from asset 'numbers'."


def test_what_was_never_made_cannot_be_loaded(instance):
    """The step that needs it fails, and says so."""
    job = define_asset_job("only_total", ALL, [total])
    with pytest.raises(ValueNotFoundError):
        execute_job(job, instance, raise_on_error=True)


def test_selections_name_keys():
    """Assets are selected by key and by what they are made from."""
    assert list(define_asset_job("some", ALL, "*reports/total").nodes) == ["numbers", "reports__total"]
    with pytest.raises(InvalidArgumentError, match="no asset 'total' to select"):
        define_asset_job("none", ALL, "total")


class TestPartitions:
    def test_a_run_makes_one(self, instance):
        """The context tells which; values of the same partition are handed on and kept apart from others."""
        assert materialize([paint, wall], instance=instance, partition_key="red").output_for_node("wall") == (
            "a wall with a pot of red"
        )
        materialize([paint], instance=instance, partition_key="green")
        job = define_asset_job("walls", [paint, wall], "wall")
        result = execute_job(job, instance, tags={"runrack/partition": "red"}, raise_on_error=True)
        assert materialized(result)[0].partition == "red"
        assert instance.get_materialized_partitions(AssetKey("paint")) == {"red", "green"}

    def test_it_has_to_be_one_of_the_jobs(self, instance):
        """A run without partition, or with another one, is refused before it is stored."""
        with pytest.raises(InvalidArgumentError, match="give it a partition_key"):
            materialize([paint], instance=instance)
        with pytest.raises(InvalidArgumentError, match="has no partition 'blue'"):
            materialize([paint], instance=instance, partition_key="blue")
        assert instance.get_runs() == []

    def test_dynamic_ones_live_in_the_instance(self, instance):
        """A key counts once it was added."""

        @asset(partitions_def=DynamicPartitionsDefinition("customers"))
        def bill(context):
            return context.partition_key

        with pytest.raises(InvalidArgumentError, match="has no partition 'ann'"):
            materialize([bill], instance=instance, partition_key="ann")
        instance.add_dynamic_partitions("customers", ["ann"])
        assert materialize([bill], instance=instance, partition_key="ann").output_for_node("bill") == "ann"

    def test_a_job_makes_assets_of_the_same_ones(self):
        """Assets with different partitions do not fit into one run."""

        @asset(partitions_def=StaticPartitionsDefinition(["x"]))
        def other():
            return 1

        with pytest.raises(InvalidDefinitionError, match="asset 'other' has other partitions than the job"):
            define_asset_job("mixed", [paint, other])

    def test_an_op_without_one_says_so(self):
        """Asking for the partition of a run that makes none is an error."""

        @asset
        def lost(context):
            return context.partition_key

        with pytest.raises(InvalidInvocationError, match="this run makes no partition"):
            materialize([lost])


def test_what_does_not_fit_is_refused():
    """Each mistake has its own message."""

    @asset
    def hungry(missing):
        return missing

    @asset(deps=["egg"])
    def hen():
        return 1

    @asset(deps=["hen"])
    def egg():
        return 1

    @asset
    def house(wall):
        return wall

    @asset
    def reader(sent):
        return sent

    with pytest.raises(
        InvalidDefinitionError, match="'reader' gets the value of asset 'sent', whose function"
    ):
        define_asset_job("bad", [reader, *ALL])
    with pytest.raises(InvalidDefinitionError, match="gets the value of asset 'missing', which is not among"):
        define_asset_job("bad", [hungry])
    with pytest.raises(InvalidDefinitionError, match="is made from itself"):
        define_asset_job("bad", [hen, egg])
    with pytest.raises(InvalidDefinitionError, match="two assets have the key 'hen'"):
        define_asset_job("bad", [hen, asset(name="hen")(lambda: 2)])
    with pytest.raises(
        InvalidDefinitionError, match="'house' has no partitions and gets the value of 'wall'"
    ):
        define_asset_job("bad", [house, wall, paint])
    with pytest.raises(InvalidDefinitionError, match="ins has 'z'"):
        asset(ins={"z": "numbers"})(lambda: 1)


def test_ins_name_other_keys():
    """A parameter can get the value of an asset with another name."""

    @asset(ins={"amount": "reports/total"})
    def doubled(amount):
        return 2 * amount

    assert materialize([numbers, total, doubled]).output_for_node("doubled") == 12


def test_configuration_resources_and_failures():
    """Assets have what ops have."""

    @asset(config_schema={"by": int}, required_resource_keys={"unit"})
    def scaled(context, numbers):
        if context.op_config["by"] == 0:
            raise ValueError("nothing left")
        return [f"{context.op_config['by'] * number} {context.resources.unit}" for number in numbers]

    def make(by):
        config = {"ops": {"scaled": {"config": {"by": by}}}}
        return materialize(
            [numbers, scaled], run_config=config, resources={"unit": "m"}, raise_on_error=False
        )

    assert make(2).output_for_node("scaled") == ["2 m", "4 m", "6 m"]
    failed = make(0)
    assert [fact.asset_key for fact in materialized(failed)] == [AssetKey("numbers")]


def test_an_asset_is_called_like_its_function():
    """A test calls it directly."""
    assert total(build_op_context(), [1, 2]) == 3
    assert numbers() == [1, 2, 3]
