"""The trial of a plugin: it is imported in a process of its own, so that whatever it does there stays there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from runrack.definitions.executor import ExecutorDefinition
from runrack.errors import PluginError, PluginLoadError
from runrack.host.entry_point import PluginIndex
from runrack.host.hooks import PluginHooks
from runrack.host.plugin_record import PluginRecord, PluginState
from runrack.host.policy import PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.host.slots import HOOKS_SLOT

TRIAL_SECONDS = 60


def try_plugin(record: PluginRecord) -> PluginRecord:
    """Return the plugin as it is after an attempt to import it and to check what it is, made in another process.

    A plugin that ends that process, or never comes back, is FAILED like one that raises.
    """
    request = json.dumps(record._asdict())
    try:
        done = subprocess.run(
            [sys.executable, "-m", "runrack.cli.plugins.trial"],
            input=request,
            capture_output=True,
            text=True,
            timeout=TRIAL_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired:
        return _failed(record, f"its import takes longer than {TRIAL_SECONDS} s")
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        return _failed(record, f"its import ends the process (exit code {done.returncode})")
    outcome = json.loads(lines[-1])
    return record._replace(
        state=PluginState(outcome["state"]),
        reason=outcome["reason"],
        fix=outcome["fix"],
        code=outcome["code"],
    )


def run_trial(request: str) -> str:
    """Return what became of the plugin that the request describes; both are JSON. It is imported in this process."""
    record = PluginRecord(**_restored(json.loads(request)))
    # The policy was applied where the plugin was listed: here only this one is of interest.
    registry = PluginRegistry(PluginIndex(), PluginPolicy(), instance_types={"executor": ExecutorDefinition})
    outcome: dict[str, Any] = {"state": PluginState.LOADED.value, "reason": None, "fix": None, "code": None}
    try:
        _load(registry, record)
    except PluginError as error:
        reason, _, fix = error.message.partition("\n  fix: ")
        outcome = {
            "state": PluginState.FAILED.value,
            "reason": _cause(reason),
            "fix": fix or error.fix,
            "code": error.code,
        }
    return json.dumps(outcome)


def _load(registry: PluginRegistry, record: PluginRecord) -> None:
    found = registry.load(record)
    if record.slot == HOOKS_SLOT:
        PluginHooks().register(found, record.distribution or record.name)


def _cause(message: str) -> str:
    """Return the part of a message that says why; what it is about, and where that is declared, is known already."""
    first = message.splitlines()[0]
    return first.partition(" cannot be used: ")[2] or first


def _restored(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "state": PluginState(fields["state"])}


def _failed(record: PluginRecord, reason: str) -> PluginRecord:
    fix = f"pip install --upgrade {record.distribution}, or report it to its author"
    return record._replace(state=PluginState.FAILED, reason=reason, fix=fix, code=PluginLoadError.code)


def main() -> None:
    """Try the plugin that standard input describes, and print what became of it as the last line."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what the plugin prints is not the answer
    outcome = run_trial(sys.stdin.read())
    os.write(answer, f"{outcome}\n".encode())


if __name__ == "__main__":
    main()
