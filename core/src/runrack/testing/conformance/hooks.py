"""HooksConformance: what it means to listen to hooks without being in anybody's way."""

import copy
import gc
import json
import logging
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner
from typing_extensions import override

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.engine.execution import execute_job
from runrack.host.hook_implementation import HookImplementation, HookPlugin, read_implementations
from runrack.host.hooks import PluginHooks
from runrack.host.registry import PluginRegistry
from runrack.instance.instance import Instance
from runrack.instance.part_factories import ephemeral_factories
from runrack.testing.conformance.hook_samples import HOOKS, command_line, samples
from runrack.testing.conformance.suite import ConformanceSuite, in_threads

TRIES = 20
"""How often a hook may try to be quick: the machine may be busy with something else, a slow hook is slow each time."""

_STATE_OF_PROCESS = """
import json, logging, os, signal, sys, threading

def state():
    return {
        "threads": threading.active_count(),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "handlers": len(logging.getLogger().handlers),
        "logging level": logging.getLogger().level,
        "signals": [repr(signal.getsignal(each)) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)],
        "hook for exceptions": repr(sys.excepthook),
        "files": sorted(os.listdir(".")),
        "children": open("/proc/self/task/%d/children" % os.getpid()).read() if sys.platform == "linux" else "",
    }

from importlib import import_module
import runrack.hookspecs
before = state()
sys.path[:0] = json.loads(sys.argv[2])
import_module(sys.argv[1])
after = state()
changed = [name for name in before if before[name] != after[name]]
sys.exit("importing %s changes: %s" % (sys.argv[1], ", ".join(changed)) if changed else 0)
"""


@op
def work() -> int:
    """Give a number."""
    return 1


@op
def fail(number: Any) -> None:
    """Fail."""
    raise ValueError(f"no luck with {number}")


@job
def good_and_bad() -> None:
    """Has a step that succeeds and one that fails."""
    fail(work())


class HooksConformance(ConformanceSuite[Any]):
    """The tests for what an entry point of the group `runrack.hooks` names. An implementer supplies `target`.

    - Some tests open an instance in memory, so the plugins `memory` and `local` have to be installed.

    Attributes:
        target: The value of the entry point: `module`, or `module:object`.
        budget_seconds: How long one call of a hook may take, at its quickest: it holds up the run.
    """

    target: ClassVar[str]
    budget_seconds: ClassVar[float] = 0.05

    @override
    def make_storage(self, tmp_path: Path) -> Any:
        return self.load()

    def load(self) -> Any:
        """Return the module or object that the entry point names."""
        module, _, name = self.target.partition(":")
        found: Any = import_module(module)
        for part in name.split(".") if name else ():
            found = getattr(found, part)
        return found

    @pytest.fixture
    def record(self) -> HookPlugin:
        """Counts the failures of the plugin."""
        return HookPlugin(self.target)

    @pytest.fixture
    def implementations(self, record: HookPlugin) -> list[HookImplementation]:
        """The hooks that the plugin implements."""
        return read_implementations(self.load(), record)

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Instance]:
        """An instance in memory."""
        with Instance.ephemeral(tmp_path) as opened:
            yield opened

    def test_the_hooks_fit(self) -> None:
        """The plugin registers: each hook that it implements exists, with the arguments that it names.

        Look at the message of HookRegistrationError: it names the function, what is wrong with it, and what to write.
        """
        hooks = PluginHooks()
        hooks.register(self.load(), self.target)
        assert hooks.has_listeners

    def test_the_hooks_raise_nothing(
        self,
        implementations: list[HookImplementation],
        record: HookPlugin,
        opened: Instance,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Each hook takes every kind of argument: each status and event, odd names, no tags, many records, plain messages.

        Look at the log of this test for what was raised: often a record without an event, an event without a payload or
        step, or a name that is no file name.
        """
        for implementation in implementations:
            for arguments in samples(implementation.hook, opened):
                implementation.call(arguments)
                assert record.failures == 0, f"{implementation.hook}({arguments}):\n{caplog.text}"

    def test_the_hooks_are_quick(self, implementations: list[HookImplementation], opened: Instance) -> None:
        """Each hook can be called within the budget: of many tries, one is enough.

        Look for requests, files and databases that are waited for: hand what takes long to a thread or a queue of your own.
        """
        for implementation in implementations:
            for arguments in samples(implementation.hook, opened)[:3]:
                tries = (_seconds(implementation, arguments) for _ in range(TRIES))
                assert any(seconds <= self.budget_seconds for seconds in tries), implementation.hook

    def test_the_hooks_change_nothing(
        self, implementations: list[HookImplementation], opened: Instance
    ) -> None:
        """What a hook is given is the same afterwards: others get it, too.

        Look for tags, configurations or lists that are added to in place.
        """
        for implementation in implementations:
            if implementation.hook in {"command_line_built", "instance_opened", "instance_closed"}:
                continue
            for arguments in samples(implementation.hook, opened):
                before = copy.deepcopy(arguments)
                implementation.call(arguments)
                assert arguments == before, implementation.hook

    def test_the_hooks_may_be_called_in_any_order(
        self, record: HookPlugin, opened: Instance, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A process that joins late calls hooks of runs whose beginning it never saw.

        Look for state that one hook leaves for another, such as a time that is kept when a run starts.
        """
        for name in sorted(HOOKS, reverse=True):
            for implementation in read_implementations(self.load(), record):
                if implementation.hook == name:
                    implementation.call(samples(name, opened)[-1])
        assert record.failures == 0, caplog.text

    def test_the_hooks_may_be_called_by_threads(
        self,
        implementations: list[HookImplementation],
        record: HookPlugin,
        opened: Instance,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Several threads of one process may call a hook at the same time.

        Look for connections, cursors and other objects that belong to the thread that made them.
        """

        def call_all(_number: int) -> None:
            for implementation in implementations:
                if implementation.hook != "command_line_built":
                    for arguments in samples(implementation.hook, opened)[:20]:
                        implementation.call(arguments)

        in_threads(call_all, 4)
        assert record.failures == 0, caplog.text

    def test_the_import_has_no_effects(self, tmp_path: Path) -> None:
        """Importing the plugin writes, prints, starts, and configures nothing: `runrack plugins doctor` imports it, too.

        Look for threads, files, signal handlers, `logging.basicConfig`, and environment variables at the top of the module.
        """
        command = [sys.executable, "-c", _STATE_OF_PROCESS, self.target.partition(":")[0], _path()]
        done = subprocess.run(  # noqa: S603 - our own program, in our own interpreter
            command, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_the_plugin_can_be_loaded_twice(self, opened: Instance) -> None:
        """The module can be executed a second time in a process, as tests and code locations do.

        Look for registrations in global registries that refuse a name which is there.
        """
        module = import_module(self.target.partition(":")[0])
        again = ModuleType(module.__name__)
        again.__file__, again.__package__ = module.__file__, module.__package__
        again.__spec__, again.__path__ = module.__spec__, getattr(module, "__path__", [])
        assert module.__spec__ is not None
        assert module.__spec__.loader is not None
        module.__spec__.loader.exec_module(again)
        found: Any = again
        for part in filter(None, self.target.partition(":")[2].split(".")):
            found = getattr(found, part)
        record = HookPlugin(self.target)
        for implementation in read_implementations(found, record):
            implementation.call(samples(implementation.hook, opened)[0])
        assert record.failures == 0

    def test_no_instance_is_kept(self, implementations: list[HookImplementation], tmp_path: Path) -> None:
        """An instance that is closed is gone: no hook keeps it alive.

        Look for the instance in a global variable, a closure or a cache; a `weakref` is fine.
        """
        opened = Instance.ephemeral(tmp_path)
        gone = weakref.ref(opened)
        for hook in ("instance_opened", "instance_closed"):
            for implementation in implementations:
                if implementation.hook == hook:
                    implementation.call({"instance": opened})
        opened.dispose()
        del opened
        gc.collect()
        assert gone() is None

    def test_a_run_is_as_without(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """A run with steps that succeed and fail ends as it does without the plugin, and no hook fails.

        Look at the log of this test, under `runrack.hooks`.
        """
        registry = PluginRegistry()
        registry.add_plugin("hooks", "tried", self.load())
        factories = ephemeral_factories(registry, lambda: str(tmp_path))
        with (
            caplog.at_level(logging.WARNING, "runrack.hooks"),
            Instance(registry=registry, factories=factories) as opened,
        ):
            result = execute_job(good_and_bad, opened)
            ends = [event.event_type.value for event in result.events if event.step_key is None]
        assert [entry.getMessage() for entry in caplog.records if entry.name == "runrack.hooks"] == []
        assert (result.run.status.value, ends[-1]) == ("FAILURE", "RUN_FAILURE")

    def test_the_command_line_stays_whole(self, implementations: list[HookImplementation]) -> None:
        """Commands that are there stay as they are; one that is added has help, and shows it without doing anything.

        Look at `command_line_built`: it adds commands under names of its own, and each has a docstring.
        """
        group = command_line()
        for implementation in implementations:
            if implementation.hook == "command_line_built":
                implementation.call({"group": group})
        runner = CliRunner()
        assert runner.invoke(group, ["status"]).output == "all is well\n"
        assert runner.invoke(group, ["--help"]).exit_code == 0
        for name in group.commands:
            shown = runner.invoke(group, [name, "--help"])
            assert (shown.exit_code, shown.exception) == (0, None), name
            assert group.commands[name].get_short_help_str(), name

    def test_the_command_line_may_be_built_twice(
        self, implementations: list[HookImplementation], record: HookPlugin
    ) -> None:
        """Two command lines in one process get the same commands.

        Look for a flag that says that the commands were added already.
        """
        names = []
        for _ in range(2):
            group = command_line()
            for implementation in implementations:
                if implementation.hook == "command_line_built":
                    implementation.call({"group": group})
            names.append(sorted(group.commands))
        assert names[0] == names[1]
        assert record.failures == 0


def _seconds(implementation: HookImplementation, arguments: dict[str, Any]) -> float:
    started = time.perf_counter()
    implementation.call(arguments)
    return time.perf_counter() - started


def _path() -> str:
    """Return the search path of this process, for another one, as JSON."""
    return json.dumps([entry for entry in sys.path if entry])
