"""The registry: states, policy, conflicts, names that are not there, and what is imported when."""

import sys

import pytest

import runrack
from runrack.errors import (
    InvalidArgumentError,
    PluginBlockedError,
    PluginConflictError,
    PluginIncompatibleError,
    PluginLoadError,
    PluginNotFoundError,
)
from runrack.host.discovery import discover
from runrack.host.plugin_record import PluginState
from runrack.host.policy import PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.interfaces.artifact_storage import ArtifactStorage
from runrack.testing.plugins import BROKEN_KINDS, broken_distribution, fake_distribution

COORDINATOR = """
from runrack.host.configurable import ConfigurableClass
from runrack.interfaces.run_coordinator import RunCoordinator

class Coordinator(RunCoordinator):
    pass

for name in Coordinator.__abstractmethods__:
    setattr(Coordinator, name, lambda self: None)
Coordinator.__abstractmethods__ = frozenset()
"""


def registry_of(site, **policy):
    environ = policy.pop("environ", {})
    index = discover([str(site)], "no index: the path is not absolute")
    return PluginRegistry(index, PluginPolicy.from_config(policy, environ))


def coordinator(site, distribution, name="main", version="1.0", api=("1",), requires=()):
    package = distribution.replace("-", "_")
    fake_distribution(
        site,
        distribution,
        version,
        entry_points={
            "runrack.run_coordinator": {name: f"{package}:Coordinator"},
            "runrack.plugin_api": dict.fromkeys(api, package),
        },
        requires=requires,
        modules={f"{package}.py": COORDINATOR},
    )


def state_of(registry, name):
    return registry.find_plugin("run_coordinator", name).state


def test_a_plugin_is_imported_when_it_is_loaded(site):
    """Listing, finding and explaining import nothing; loading imports the one plugin, once."""
    coordinator(site, "acme-one", "one")
    coordinator(site, "acme-two", "two")
    registry = registry_of(site)
    assert [record.name for record in registry.list_plugins("run_coordinator")] == ["one", "two"]
    assert [record.name for record in registry.explain("acme-two")] == ["two"]
    assert not {"acme_one", "acme_two"} & set(sys.modules)

    loaded = registry.load_plugin("run_coordinator", "one")

    assert loaded is sys.modules["acme_one"].Coordinator
    assert registry.load_plugin("run_coordinator", "one") is loaded
    assert "acme_two" not in sys.modules
    assert (state_of(registry, "one"), state_of(registry, "two")) == (PluginState.LOADED, PluginState.FOUND)


def test_a_record_says_where_a_plugin_comes_from(site):
    """A record holds slot, name, target, distribution, version and declaring file."""
    coordinator(site, "acme-one", "one", "1.4.2")
    (record,) = registry_of(site).list_plugins()

    assert (record.slot, record.name, record.target) == ("run_coordinator", "one", "acme_one:Coordinator")
    assert (record.distribution, record.version) == ("acme-one", "1.4.2")
    assert record.declared_in == str(site / "acme_one-1.4.2.dist-info" / "entry_points.txt")
    assert record.is_requested


def test_an_unknown_name_is_answered_with_the_nearest(site):
    """A name that no plugin has is an error that suggests one and lists what is installed."""
    coordinator(site, "acme", "queued")
    registry = registry_of(site)
    assert registry.find_plugin("run_coordinator", "queud") is None

    with pytest.raises(PluginNotFoundError) as caught:
        registry.load_plugin("run_coordinator", "queud")
    assert str(caught.value) == (
        "no installed run_coordinator plugin is named 'queud'; did you mean 'queued'?\n"
        "  installed: queued\n"
        "  fix: use 'queued'"
    )


def test_a_name_of_another_slot_is_pointed_at(site):
    """When a name exists in another slot, the error says in which."""
    coordinator(site, "acme", "queued")
    with pytest.raises(PluginNotFoundError, match="'queued' exists as: run_coordinator"):
        registry_of(site).load_plugin("run_launcher", "queued")


def test_an_unknown_slot_is_an_error(site):
    """A slot that does not exist is a programming error and listed against those that do."""
    with pytest.raises(InvalidArgumentError, match="no plugin slot 'nonsense'; slots: storage"):
        registry_of(site).list_plugins("nonsense")


def test_two_distributions_with_one_name_conflict_when_it_is_used(site):
    """Both are listed as shadowed, other names work, and using the name names both distributions."""
    coordinator(site, "acme-one")
    coordinator(site, "acme-two")
    coordinator(site, "acme-three", "other")
    registry = registry_of(site)
    records = registry.list_plugins()

    assert [(record.distribution, record.state) for record in records] == [
        ("acme-one", PluginState.SHADOWED),
        ("acme-two", PluginState.SHADOWED),
        ("acme-three", PluginState.FOUND),
    ]
    registry.load_plugin("run_coordinator", "other")
    with pytest.raises(PluginConflictError) as caught:
        registry.load_plugin("run_coordinator", "main")
    assert "acme-one 1.0 and acme-two 1.0 both claim the name 'main'" in str(caught.value)
    assert not {"acme_one", "acme_two"} & set(sys.modules)


def test_blocking_one_of_two_solves_their_conflict(site):
    """A blocked distribution claims no name."""
    coordinator(site, "acme-one")
    coordinator(site, "acme-two")
    registry = registry_of(site, block=["acme-two"])

    assert registry.load_plugin("run_coordinator", "main").__module__ == "acme_one"
    assert [record.state for record in registry.list_plugins()] == [PluginState.BLOCKED, PluginState.LOADED]


@pytest.mark.parametrize(
    ("policy", "blocked"),
    [
        ({}, set()),
        ({"block": ["acme-*"]}, {"acme-one", "acme-two"}),
        ({"block": ["ACME_one"]}, {"acme-one"}),
        ({"mode": "listed"}, {"acme-one", "acme-two"}),
        ({"mode": "listed", "allow": ["acme-o*"]}, {"acme-two"}),
        ({"mode": "listed", "allow": ["acme-*"], "block": ["acme-one"]}, {"acme-one"}),
        ({"environ": {"RUNRACK_PLUGINS_BLOCK": "x, acme-two"}}, {"acme-two"}),
        ({"environ": {"RUNRACK_PLUGINS_BLOCK": "runrack-queue"}}, {"runrack-queue"}),
        ({"environ": {"RUNRACK_SAFE_MODE": "1"}}, {"acme-one", "acme-two"}),
        ({"environ": {"RUNRACK_SAFE_MODE": "0"}}, set()),
    ],
)
def test_the_policy_goes_by_distribution(site, policy, blocked):
    """Allow, block, listed mode and safe mode decide by the distribution's name, before anything is imported."""
    for distribution in ("acme-one", "acme-two", "runrack-queue"):
        coordinator(site, distribution, distribution)
    registry = registry_of(site, **policy)

    found = {record.distribution for record in registry.list_plugins() if record.state is PluginState.BLOCKED}
    assert found == blocked


def test_a_blocked_plugin_is_refused_with_its_reason(site):
    """Using a blocked plugin says who blocks it and how to lift that; it is not imported."""
    coordinator(site, "acme", "main")
    with pytest.raises(PluginBlockedError) as caught:
        registry_of(site, block=["acme"]).load_plugin("run_coordinator", "main")

    assert "acme 1.0 cannot be used: `plugins: block:` names the distribution acme" in str(caught.value)
    assert caught.value.fix == "take it out of `plugins: block:` in runrack.yaml"
    assert "acme" not in sys.modules


@pytest.mark.parametrize(
    ("api", "reason", "upgraded"),
    [
        ("2", "it was made for plugin API 2; {core} has plugin API 1", "'runrack-core>=0.7,<0.8'"),
        ("0", "it was made for plugin API 0; {core} has plugin API 1", "acme"),
        (
            "run_coordinator-1.4",
            "it needs run_coordinator API 1.4; {core} has 1.0",
            "'runrack-core>=0.7,<0.8'",
        ),
        (
            "run_coordinator-2.0",
            "it needs run_coordinator API 2.0; {core} has 1.0",
            "'runrack-core>=0.7,<0.8'",
        ),
        ("run_coordinator-0.9", "it needs run_coordinator API 0.9; {core} has 1.0", "acme"),
    ],
)
def test_an_incompatible_plugin_is_refused_before_its_import(site, api, reason, upgraded):
    """A distribution made for another plugin API is never imported, and the fix names the older side."""
    coordinator(
        site, "acme", "main", api=[api], requires=["runrack_core (>= 0.7, <0.8) ; python_version > '3'"]
    )
    with pytest.raises(PluginIncompatibleError) as caught:
        registry_of(site).load_plugin("run_coordinator", "main")

    assert reason.format(core=f"this runrack-core {runrack.__version__}") in str(caught.value)
    assert caught.value.fix == f"pip install --upgrade {upgraded}"
    assert "acme" not in sys.modules


@pytest.mark.parametrize(
    "api", [("1",), ("1", "run_coordinator-1.0"), ("2", "1"), ("run_coordinator-2.3", "run_coordinator-1.0")]
)
def test_a_plugin_for_several_hosts_fits_one_of_them(site, api):
    """A distribution that names several versions is used when one of them is the host's or an earlier minor of it."""
    coordinator(site, "acme", "main", api=api)
    assert registry_of(site).load_plugin("run_coordinator", "main").__name__ == "Coordinator"


def test_the_class_form_does_not_load_what_does_not_fit(site):
    """A declared class that needs another API is refused before its import, also when `module:` and `class:` name it."""
    coordinator(site, "acme", "main", api=("run_coordinator-1.4",))
    with pytest.raises(PluginIncompatibleError, match=r"it needs run_coordinator API 1\.4"):
        registry_of(site).load_class("acme", "Coordinator", "run_coordinator")
    assert "acme" not in sys.modules


def test_the_version_of_one_slot_says_nothing_about_the_others(site):
    """A distribution whose storage needs a newer host can still lend it its coordinator."""
    coordinator(site, "acme", "main", api=("1", "run_storage-9.9"))
    assert state_of(registry_of(site), "main") is PluginState.FOUND


def test_a_failure_is_kept_and_concerns_one_plugin(site):
    """A plugin that cannot be loaded is listed first, raises again the same, and leaves the others alone."""
    broken_distribution(site, "raising", "run_coordinator")
    coordinator(site, "acme", "main")
    registry = registry_of(site)
    messages = []
    for _ in range(2):
        with pytest.raises(PluginLoadError) as caught:
            registry.load_plugin("run_coordinator", "raising")
        messages.append(str(caught.value))

    assert messages[0] == messages[1]
    assert registry.load_plugin("run_coordinator", "main")
    assert [(record.name, record.state) for record in registry.list_plugins()] == [
        ("raising", PluginState.FAILED),
        ("main", PluginState.LOADED),
    ]


@pytest.mark.parametrize("kind", BROKEN_KINDS)
def test_listing_survives_every_broken_plugin(site, kind):
    """A broken plugin is listed as found, since a listing imports nothing."""
    broken_distribution(site, kind)
    registry = registry_of(site)

    assert [(record.name, record.state) for record in registry.list_plugins()] == [(kind, PluginState.FOUND)]
    assert [record.name for record in registry.explain(kind)] == [kind]


def test_python_code_can_add_a_plugin(site):
    """An added class or target is loaded like an installed one, and comes before it."""
    coordinator(site, "acme", "main")
    registry = registry_of(site)
    registry.add_plugin("run_coordinator", "mine", "acme:Coordinator")
    mine = registry.load_plugin("run_coordinator", "mine")
    override = type("Override", (mine,), {})
    registry.add_plugin("run_coordinator", "main", override)

    assert registry.load_plugin("run_coordinator", "main") is override
    with pytest.raises(InvalidArgumentError, match="a run_coordinator plugin named 'main' was added before"):
        registry.add_plugin("run_coordinator", "main", override)


def test_an_added_plugin_is_checked_when_it_is_loaded(site):
    """Python code gets the same check as an entry point."""
    registry = registry_of(site)
    registry.add_plugin("run_coordinator", "wrong", dict)

    with pytest.raises(PluginLoadError, match=r"dict does not derive from .*RunCoordinator"):
        registry.load_plugin("run_coordinator", "wrong")


def test_a_slot_without_interface_is_checked_by_instance(site):
    """For executors the caller says what the object has to be an instance of."""
    fake_distribution(
        site,
        "acme",
        entry_points={"runrack.executor": {"good": "acme:good", "bad": "acme:bad"}},
        modules={"acme.py": "from fractions import Fraction\ngood = Fraction(1)\nbad = Fraction\n"},
    )
    from fractions import Fraction

    index = discover([str(site)], "no index")
    registry = PluginRegistry(index, PluginPolicy(), instance_types={"executor": Fraction})

    assert registry.load_plugin("executor", "good") == Fraction(1)
    with pytest.raises(PluginLoadError, match="the object is the class Fraction, where a Fraction is wanted"):
        registry.load_plugin("executor", "bad")


def test_the_class_form_loads_a_class(site):
    """`module:` and `class:` give the class when it fills the slot."""
    coordinator(site, "acme")
    loaded = registry_of(site).load_class("acme", "Coordinator", "run_coordinator")

    assert loaded is sys.modules["acme"].Coordinator


def test_the_class_form_obeys_the_policy(site):
    """A module of a blocked plugin distribution is refused before it is imported."""
    coordinator(site, "acme")
    with pytest.raises(PluginBlockedError, match=r"acme 1\.0"):
        registry_of(site, block=["acme"]).load_class("acme", "Coordinator", "run_coordinator")
    assert "acme" not in sys.modules


def test_the_class_form_names_the_right_slot(site):
    """A class under the wrong key gets the key that it belongs under."""
    coordinator(site, "acme")
    with pytest.raises(PluginLoadError) as caught:
        registry_of(site).load_class("acme", "Coordinator", ArtifactStorage)

    assert "Coordinator is a RunCoordinator, not an ArtifactStorage" in str(caught.value)
    assert caught.value.fix == "put it under `run_coordinator:`"


def test_diagnostics_are_passed_on(site):
    """What could not be read is part of what the registry knows."""
    (site / "gone-1.0.dist-info").mkdir()

    assert [found.distribution for found in registry_of(site).diagnostics] == ["gone 1.0"]
