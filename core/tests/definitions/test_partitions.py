"""Static, dynamic and multi partitions."""

import pickle

import msgspec
import pytest

from runrack.definitions.multi_partitions import MultiPartitionKey, MultiPartitionsDefinition
from runrack.definitions.partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from runrack.definitions.time_window_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
)
from runrack.errors import InvalidArgumentError, InvalidDefinitionError
from runrack.instance.instance import Instance
from runrack.records.asset import AssetCheckEvaluation, AssetMaterialization
from runrack.records.asset_key import AssetKey
from runrack.records.event_data import AssetMaterializationPlannedData

REGIONS = StaticPartitionsDefinition(["us", "eu"])
SIZES = StaticPartitionsDefinition(["s", "l"])


def test_static_partitions_keep_their_order():
    """The keys are those that were listed, in that order."""
    assert REGIONS.get_partition_keys() == ["us", "eu"]
    assert REGIONS.select_partition_keys(["eu", "asia"]) == {"eu"}
    assert (REGIONS.has_partition_key("us"), REGIONS.has_partition_key("u")) == (True, False)


def test_equal_definitions_are_one_key():
    """Definitions with the same keys in the same order are equal, whatever object they are; others are not."""

    def kinds(*keys, name="customers", start="2024-01-01", timezone="UTC"):
        static = StaticPartitionsDefinition(keys)
        daily = DailyPartitionsDefinition(start, timezone)
        multi = MultiPartitionsDefinition({"region": static, "day": daily})
        return [static, DynamicPartitionsDefinition(name), daily, multi]

    us_first = kinds("us", "eu")
    assert kinds("us", "eu") == us_first
    assert len({*us_first, *kinds("us", "eu")}) == 4
    others = [
        *kinds("eu", "us", name="orders", start="2024-01-02"),
        *kinds("us", timezone="Europe/Berlin")[2:],
        HourlyPartitionsDefinition("2024-01-01"),
    ]
    assert len({*us_first, *others}) == 4 + len(others)
    assert TimeWindowPartitionsDefinition("2024-01-01", "daily") == us_first[2]
    assert REGIONS != ["us", "eu"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [("abc", "not one string"), (["a", ""], "not empty"), ([1], "is a string"), (["a", "b", "a"], "'a' is")],
)
def test_broken_static_partitions_are_refused(keys, message):
    """One string, an empty key, a key that is no string and a repeated key are errors of the definition."""
    with pytest.raises(InvalidDefinitionError, match=message):
        StaticPartitionsDefinition(keys)


def test_dynamic_partitions_live_in_the_instance():
    """The instance that is given says which keys there are now."""
    customers = DynamicPartitionsDefinition("customers")
    with Instance.ephemeral() as instance:
        instance.add_dynamic_partitions("customers", ["zoe", "ann"])
        instance.add_dynamic_partitions("suppliers", ["bob"])
        assert customers.get_partition_keys(dynamic_partitions=instance) == ["zoe", "ann"]
        assert customers.select_partition_keys(["ann", "bob"], dynamic_partitions=instance) == {"ann"}
        assert customers.has_partition_key("zoe", dynamic_partitions=instance)
        assert not customers.has_partition_key("bob", dynamic_partitions=instance)


def test_dynamic_partitions_need_an_instance():
    """Without an instance nobody knows the keys, and the message says what to give."""
    with pytest.raises(InvalidArgumentError, match="give it as dynamic_partitions"):
        DynamicPartitionsDefinition("customers").get_partition_keys()
    with pytest.raises(InvalidDefinitionError, match="not empty"):
        DynamicPartitionsDefinition("")


def test_multi_partitions_are_all_combinations():
    """Keys are combined in the order of the dimensions' names, whatever the order they were given in."""
    both = MultiPartitionsDefinition({"size": SIZES, "region": REGIONS})
    assert both.get_partition_keys() == ["us|s", "us|l", "eu|s", "eu|l"]
    assert both.select_partition_keys(["eu|l", "l|eu", "eu", "eu|l|s", "eu|x"]) == {"eu|l"}


def test_a_dimension_may_be_dynamic():
    """A dimension whose keys live in the instance asks the instance."""
    both = MultiPartitionsDefinition(
        {"customer": DynamicPartitionsDefinition("customers"), "region": REGIONS}
    )
    with Instance.ephemeral() as instance:
        instance.add_dynamic_partitions("customers", ["ann"])
        assert both.get_partition_keys(dynamic_partitions=instance) == ["ann|us", "ann|eu"]
        assert both.has_partition_key("ann|eu", dynamic_partitions=instance)


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        ({"region": REGIONS}, "at least two"),
        (
            {"region": REGIONS, "size": "sl"},
            "'size' is a definition of partitions with one dimension, not str",
        ),
        ({"region": REGIONS, "both": MultiPartitionsDefinition({"a": SIZES, "b": SIZES})}, "one dimension"),
        ({"region": REGIONS, "pipe": StaticPartitionsDefinition(["a|b"])}, "separates dimensions"),
    ],
)
def test_broken_dimensions_are_refused(dimensions, message):
    """Too few dimensions, one that is no definition, a nested one and a key with the separator are errors."""
    with pytest.raises(InvalidDefinitionError, match=message):
        MultiPartitionsDefinition(dimensions)


def test_a_multi_partition_key_is_its_text():
    """It equals its text, knows its dimensions, and survives pickling; what is stored is the text."""
    key = MultiPartitionKey({"size": "s", "region": "eu"})
    assert key == "eu|s"
    assert key.keys_by_dimension == {"region": "eu", "size": "s"}
    assert pickle.loads(pickle.dumps(key)).keys_by_dimension == key.keys_by_dimension
    for stored in (
        AssetMaterialization("asset", partition=key),
        AssetCheckEvaluation("asset", "check", passed=True, partition=key),
        AssetMaterializationPlannedData(AssetKey("asset"), key),
    ):
        assert msgspec.to_builtins(stored)["partition"] == "eu|s"


@pytest.mark.parametrize("keys", [{}, {"a": "x|y"}, {"a": 1}])
def test_a_broken_multi_partition_key_is_refused(keys):
    """No dimension, a key with the separator and a key that is no string are errors."""
    with pytest.raises(InvalidArgumentError):
        MultiPartitionKey(keys)
