"""What a hook costs: CPU time of one call with no implementation and with five, in microseconds.

The figure is the least of several rounds, each the mean of many calls, the loop around them included.
"""

import json
import time
from types import SimpleNamespace

from runrack.hookspecs import hookimpl
from runrack.host.hooks import PluginHooks

ROUNDS = 20
CALLS = {0: 200_000, 5: 20_000}
BARS = {0: 0.2, 5: 6.0}


@hookimpl
def step_finished(run: object, event: object) -> None:
    """Take both arguments and do nothing."""


def cpu_microseconds(implementations: int) -> float:
    """CPU time of one call of a hook that has this many implementations."""
    hooks = PluginHooks()
    for number in range(implementations):
        hooks.register(SimpleNamespace(step_finished=step_finished), f"acme-{number}")
    calls = CALLS[implementations]
    return min(_round(hooks, calls) for _ in range(ROUNDS)) / calls / 1000


def main() -> None:
    """Print one line of JSON for each number of implementations, and how it stands to its bar."""
    for implementations, bar in BARS.items():
        found = cpu_microseconds(implementations)
        figure = {"benchmark": "hooks", "implementations": implementations, "cpu_us": round(found, 3)}
        print(json.dumps({**figure, "bar_us": bar}))
        print(f"a hook with {implementations} implementations: {found:.2f} µs; the bar is {bar} µs")


def _round(hooks: PluginHooks, calls: int) -> int:
    run = event = object()
    started = time.process_time_ns()
    for _ in range(calls):
        hooks.call("step_finished", run=run, event=event)
    return time.process_time_ns() - started


if __name__ == "__main__":
    main()
