"""Hooks: who is called, in which order, what is refused, and what a failing plugin can do."""

import inspect
import logging
import subprocess
import sys
from types import SimpleNamespace

import pluggy
import pytest

from runrack import hookspecs
from runrack.errors import HookRegistrationError
from runrack.hookspecs import hookimpl, run_launching
from runrack.host.discovery import discover
from runrack.host.hook_implementation import MAX_FAILURES
from runrack.host.hooks import PluginHooks
from runrack.host.policy import PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.testing.plugins import BROKEN_KINDS, broken_distribution, fake_distribution

LISTENER = """
from runrack.hookspecs import hookimpl

calls = []

@hookimpl
def run_launching(run):
    calls.append(run)
"""


def listener(calls, name, **options):
    @hookimpl(**options)
    def run_launching(run):
        calls.append((name, run))

    return SimpleNamespace(run_launching=run_launching)


def hooks_of(site, **policy):
    return PluginHooks(
        PluginRegistry(discover([str(site)], "no index"), PluginPolicy.from_config(policy, {}))
    )


def test_an_implementation_gets_the_arguments_that_it_names():
    """Arguments come by name; those that an implementation does not name are left out."""
    calls = []

    class Plugin:
        @hookimpl
        def step_finished(self, *, event):
            calls.append(event)

        @hookimpl(specname="run_status_changed")
        def when_changed(self, event, run):
            calls.append((run, event))

    hooks = PluginHooks()
    hooks.register(Plugin(), "acme")
    hooks.call("step_finished", run="r", event="e")
    hooks.call("run_status_changed", run="r", event="e")

    assert calls == ["e", ("r", "e")]


def test_a_hook_without_listeners_does_nothing():
    """Calling a hook that nobody implements is fine."""
    PluginHooks().call("run_launching", run=None)


def test_implementations_are_called_in_a_fixed_order():
    """First those marked tryfirst, last those marked trylast, within each by name, whenever they registered."""
    calls = []
    hooks = PluginHooks()
    for name, options in [
        ("d", {}),
        ("z-first", {"tryfirst": True}),
        ("a-last", {"trylast": True}),
        ("b", {}),
        ("y-first", {"tryfirst": True}),
        ("b-last", {"trylast": True}),
    ]:
        hooks.register(listener(calls, name, **options), name)
    hooks.call("run_launching", run=1)

    assert [name for name, _ in calls] == ["y-first", "z-first", "b", "d", "a-last", "b-last"]


def test_installed_hook_plugins_are_loaded_at_the_first_call(site):
    """Modules of the group runrack.hooks are imported when a hook is called, not before."""
    fake_distribution(
        site, "acme", entry_points={"runrack.hooks": {"listen": "acme"}}, modules={"acme.py": LISTENER}
    )
    hooks = hooks_of(site)
    assert "acme" not in sys.modules
    hooks.call("run_launching", run=1)
    hooks.call("run_launching", run=2)

    assert sys.modules["acme"].calls == [1, 2]


def test_two_distributions_may_use_one_name_for_their_hooks(site):
    """Hook plugins are not chosen by name, so equal names are no conflict."""
    for name in ("one", "two"):
        fake_distribution(
            site, name, entry_points={"runrack.hooks": {"main": name}}, modules={f"{name}.py": LISTENER}
        )
    hooks_of(site).call("run_launching", run=1)

    assert (sys.modules["one"].calls, sys.modules["two"].calls) == ([1], [1])


@pytest.mark.parametrize("kind", BROKEN_KINDS)
def test_a_broken_hook_plugin_is_left_out(site, caplog, kind):
    """A hook plugin that cannot be loaded is logged once with its distribution; the others are called."""
    broken_distribution(site, kind, "hooks")
    fake_distribution(
        site, "acme", entry_points={"runrack.hooks": {"listen": "acme"}}, modules={"acme.py": LISTENER}
    )
    hooks = hooks_of(site)
    for number in (1, 2):
        hooks.call("run_launching", run=number)

    assert sys.modules["acme"].calls == [1, 2]
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("runrack.hooks", "WARNING")
    assert f"broken-{kind.replace('_', '-')}" in record.getMessage()
    assert "fix: " in record.getMessage()


def test_a_blocked_hook_plugin_is_not_imported(site, caplog):
    """The policy holds for hook plugins too, and what the operator decided is no news."""
    fake_distribution(
        site, "acme", entry_points={"runrack.hooks": {"listen": "acme"}}, modules={"acme.py": LISTENER}
    )
    hooks_of(site, block=["acme"]).call("run_launching", run=1)

    assert "acme" not in sys.modules
    assert caplog.records == []


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_a_raising_plugin_stops_nothing_and_is_quarantined(caplog, error):
    """Each failure is logged with plugin, hook and time; after some the plugin is not called, the others are."""
    calls = []
    attempts = []

    @hookimpl
    def run_launching(run):
        attempts.append(run)
        raise error

    hooks = PluginHooks()
    hooks.register(SimpleNamespace(run_launching=run_launching), "acme-bad")
    hooks.register(listener(calls, "good"), "good")
    for number in range(MAX_FAILURES + 3):
        hooks.call("run_launching", run=number)

    assert len(calls) == MAX_FAILURES + 3
    assert attempts == list(range(MAX_FAILURES))
    messages = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(messages) == MAX_FAILURES + 1
    assert messages[0].startswith(
        f"plugin acme-bad raised {type(error).__name__} in hook run_launching after "
    )
    assert messages[-1].startswith("plugin acme-bad failed 5 times and is not called any more")
    assert caplog.records[0].exc_info[1] is error


def test_an_interrupt_goes_through():
    """Ctrl-C in an implementation ends the program."""

    @hookimpl
    def run_launching(run):
        raise KeyboardInterrupt

    hooks = PluginHooks()
    hooks.register(SimpleNamespace(run_launching=run_launching), "acme")
    with pytest.raises(KeyboardInterrupt):
        hooks.call("run_launching", run=1)


@hookimpl
def run_lanching(run):
    """Unknown hook."""


@hookimpl(specname="step_finished")
def wrong_argument(run, evnt):
    """Unknown argument."""


@hookimpl(specname="step_finished")
def takes_all(**arguments):
    """Arguments by name that are not named."""


@hookimpl(specname="run_launching")
async def coroutine(run):
    """Never awaited."""


@hookimpl(specname="run_launching", wrapper=True)
def wrapper(run):
    """Wraps others."""
    yield


@hookimpl(specname="run_launching")
def generator(run):
    """Would never run."""
    yield


@pluggy.HookimplMarker("elsewhere")
def run_status_changed(run, event):
    """Marked for another project."""


def step_finished(run, event):
    """Not marked."""


@pytest.mark.parametrize(
    ("name", "function", "message"),
    [
        ("run_lanching", run_lanching, "there is no hook 'run_lanching'\n  fix: did you mean run_launching?"),
        ("any", wrong_argument, "step_finished wants an argument 'evnt' that the hook does not have"),
        ("any", takes_all, "step_finished takes **arguments, but arguments are passed by name"),
        ("any", coroutine, "run_launching is a coroutine function, which would never be awaited"),
        ("any", wrapper, "run_launching is a wrapper or a generator"),
        ("any", generator, "run_launching is a wrapper or a generator"),
        (
            "run_status_changed",
            run_status_changed,
            "run_status_changed is named like a hook but is marked as an implementation for elsewhere",
        ),
        ("step_finished", step_finished, "step_finished is named like a hook but is not marked"),
        ("unrelated", step_finished, "implements no hook"),
    ],
)
def test_what_does_not_fit_is_refused(name, function, message):
    """A mistake is refused when the plugin registers, names the plugin, and registers nothing of it."""
    calls = []
    source = SimpleNamespace(**{name: function}, **vars(listener(calls, "acme")))
    if message == "implements no hook":
        source = SimpleNamespace(**{name: function})
    hooks = PluginHooks()
    with pytest.raises(HookRegistrationError) as caught:
        hooks.register(source, "acme")

    assert f"the hook plugin acme cannot be registered: {message}" in str(caught.value)
    hooks.call("run_launching", run=1)
    assert calls == []


def test_one_hook_twice_in_a_plugin_is_refused():
    """A plugin implements a hook once."""
    first, second = listener([], "a"), listener([], "a", specname="run_launching")
    source = SimpleNamespace(run_launching=first.run_launching, other=second.run_launching)
    with pytest.raises(HookRegistrationError, match="implements the hook run_launching twice"):
        PluginHooks().register(source, "acme")


def test_importing_a_spec_is_no_implementation():
    """A module that imports a spec, say for its documentation, does not implement it."""
    source = SimpleNamespace(run_launching=run_launching)
    with pytest.raises(HookRegistrationError, match="implements no hook"):
        PluginHooks().register(source, "acme")


def test_every_hook_and_argument_is_documented():
    """Each spec has a docstring with a line for each of its arguments."""
    manager = pluggy.PluginManager("runrack")
    specs = [spec for name, spec in vars(hookspecs).items() if manager.parse_hookspec_opts(hookspecs, name)]
    assert [spec.__name__ for spec in specs] == [
        "run_status_changed",
        "events_stored",
        "run_launching",
        "step_finished",
        "instance_opened",
        "instance_closed",
        "command_line_built",
    ]
    for spec in specs:
        documentation = inspect.getdoc(spec)
        for argument in inspect.signature(spec).parameters:
            assert f"    {argument}: " in documentation


def test_pluggy_is_imported_only_for_hook_plugins(site):
    """A process without hook plugins calls hooks without importing pluggy."""
    script = (
        "import sys\n"
        "from runrack.host.discovery import discover\n"
        "from runrack.host.hooks import PluginHooks\n"
        "from runrack.host.registry import PluginRegistry\n"
        f"PluginHooks(PluginRegistry(discover([{str(site)!r}], 'no index'))).call('run_launching', run=1)\n"
        "print('pluggy' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ended.stdout == "False\n"
