"""Sets of plugins: their fingerprint, and what two of them differ in."""

from runrack.records.plugin_set import PluginSet

HERE = PluginSet({"storage": "acme:Storage", "hooks watch": "watch"}, {"acme": "1.2", "watch": "3.0"})
THERE = PluginSet({"storage": "acme:Storage"}, {"acme": "1.1"})


def test_equal_sets_have_one_fingerprint():
    """The order in which plugins were found does not matter; a version does."""
    turned = PluginSet(dict(reversed(HERE.parts.items())), dict(reversed(HERE.versions.items())))
    assert turned.id == HERE.id
    assert len({HERE.id, THERE.id, PluginSet().id}) == 3
    assert [len(found.id) for found in (HERE, THERE)] == [16, 16]


def test_what_differs_is_named_on_both_sides():
    """A line names the part or the distribution, what is here and what is there; nothing is said of what is equal."""
    assert HERE.differences(THERE, "there") == [
        "hooks watch watch here, nothing there",
        "acme 1.2 here, 1.1 there",
        "watch 3.0 here, nothing there",
    ]
    assert HERE.differences(HERE, "there") == []


def test_a_set_can_be_narrowed_to_what_another_has():
    """What only one side has is left out of a comparison of the sets that they share."""
    assert HERE.shared_with(THERE) == PluginSet({"storage": "acme:Storage"}, {"acme": "1.2"})
    assert THERE.shared_with(HERE) == THERE
