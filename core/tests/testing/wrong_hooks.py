"""Hook plugins that are wrong on purpose, each with the test that has to reject it; run by test_hooks_conformance.py."""

import pytest

from runrack.testing.conformance.hooks import HooksConformance

HEAD = "from runrack.hookspecs import hookimpl\n"
FINE = f"""{HEAD}
@hookimpl
def run_launching(run):
    pass
"""

WRONG = {
    "NoHook": ("VALUE = 1", "test_the_hooks_fit"),
    "UnknownHook": (f"{HEAD}@hookimpl\ndef run_lunching(run): pass", "test_the_hooks_fit"),
    "UnknownArgument": (f"{HEAD}@hookimpl\ndef run_launching(job): pass", "test_the_hooks_fit"),
    "Unmarked": ("def run_launching(run): pass", "test_the_hooks_fit"),
    "Coroutine": (f"{HEAD}@hookimpl\nasync def run_launching(run): pass", "test_the_hooks_fit"),
    "Wrapper": (f"{HEAD}@hookimpl(wrapper=True)\ndef run_launching(run): yield", "test_the_hooks_fit"),
    "NeedsATag": (
        f"{HEAD}@hookimpl\ndef run_launching(run): run.tags['team']",
        "test_the_hooks_raise_nothing",
    ),
    "NeedsAnEvent": (
        f"{HEAD}@hookimpl\ndef events_stored(records): [record.event_log_entry.event.message for record in records]",
        "test_the_hooks_raise_nothing",
    ),
    "NeedsAPayload": (
        f"{HEAD}@hookimpl\ndef run_status_changed(run, event): event.event_specific_data.error",
        "test_the_hooks_raise_nothing",
    ),
    "FormatsMessages": (
        f"{HEAD}@hookimpl\ndef events_stored(records): [each.event_log_entry.user_message.format() for each in records]",
        "test_the_hooks_raise_nothing",
    ),
    "MakesFileNames": (
        (
            f"{HEAD}import tempfile, pathlib\nFOLDER = tempfile.gettempdir()\n@hookimpl\n"
            "def step_finished(event): pathlib.Path(FOLDER, 'runrack-no-such', event.step_key).exists()\n"
            "@hookimpl\ndef run_launching(run): (pathlib.Path(FOLDER) / run.job_name).stat()"
        ),
        "test_the_hooks_raise_nothing",
    ),
    "Exits": (
        f"{HEAD}@hookimpl\ndef step_finished(run, event): raise SystemExit(1)",
        "test_the_hooks_raise_nothing",
    ),
    "Waits": (
        f"{HEAD}import time\n@hookimpl\ndef run_launching(run): time.sleep(0.1)",
        "test_the_hooks_are_quick",
    ),
    "WaitsForEachRecord": (
        f"{HEAD}import time\n@hookimpl\ndef events_stored(records): time.sleep(0.1)",
        "test_the_hooks_are_quick",
    ),
    "AddsATag": (
        f"{HEAD}@hookimpl\ndef run_launching(run): run.tags['seen'] = 'yes'",
        "test_the_hooks_change_nothing",
    ),
    "EmptiesTheConfiguration": (
        f"{HEAD}@hookimpl\ndef run_status_changed(run): run.run_config.clear()",
        "test_the_hooks_change_nothing",
    ),
    "NeedsTheBeginning": (
        (
            f"{HEAD}known = {{}}\n@hookimpl\ndef run_launching(run): known[run.run_id] = 1\n"
            "@hookimpl\ndef step_finished(run): known[run.run_id]"
        ),
        "test_the_hooks_may_be_called_in_any_order",
    ),
    "BelongsToAThread": (
        (
            f"{HEAD}import threading\nowner = threading.get_ident()\n@hookimpl\n"
            "def run_launching(run): assert threading.get_ident() == owner"
        ),
        "test_the_hooks_may_be_called_by_threads",
    ),
    "StartsAThread": (
        f"import threading, time\nthreading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n{FINE}",
        "test_the_import_has_no_effects",
    ),
    "WritesAFile": (f"open('seen', 'w').close()\n{FINE}", "test_the_import_has_no_effects"),
    "Prints": (f"print('hello')\n{FINE}", "test_the_import_has_no_effects"),
    "ConfiguresLogging": (
        f"import logging\nlogging.basicConfig()\n{FINE}",
        "test_the_import_has_no_effects",
    ),
    "TakesASignal": (
        f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{FINE}",
        "test_the_import_has_no_effects",
    ),
    "SetsAVariable": (f"import os\nos.environ['SEEN'] = '1'\n{FINE}", "test_the_import_has_no_effects"),
    "LoadsOnce": (
        f"import sys\nassert not hasattr(sys, 'seen_by_wrong_hooks')\nsys.seen_by_wrong_hooks = 1\n{FINE}",
        "test_the_plugin_can_be_loaded_twice",
    ),
    "KeepsTheInstance": (
        f"{HEAD}kept = []\n@hookimpl\ndef instance_opened(instance): kept.append(instance)",
        "test_no_instance_is_kept",
    ),
    "FailsInARun": (
        f"{HEAD}@hookimpl\ndef step_finished(run, event): run.snapshot",
        "test_a_run_is_as_without",
    ),
    "ReplacesACommand": (
        (
            f"{HEAD}import click\n@hookimpl\ndef command_line_built(group):\n"
            "    group.add_command(click.Command('status', help='Mine.'))"
        ),
        "test_the_command_line_stays_whole",
    ),
    "AddsACommandWithoutHelp": (
        f"{HEAD}import click\n@hookimpl\ndef command_line_built(group): group.add_command(click.Command('mine'))",
        "test_the_command_line_stays_whole",
    ),
    "AddsItsCommandOnce": (
        (
            f"{HEAD}import click\ndone = []\n@hookimpl\ndef command_line_built(group):\n"
            "    if not done:\n        group.add_command(click.Command('mine', help='Mine.'))\n    done.append(1)"
        ),
        "test_the_command_line_may_be_built_twice",
    ),
}


def suite_of(name, source, test_name):
    def on_path(self, tmp_path_factory, monkeypatch):
        folder = tmp_path_factory.mktemp("site")
        (folder / f"hooks_{name}.py").write_text(source)
        monkeypatch.syspath_prepend(str(folder))

    parts = {"on_path": pytest.fixture(autouse=True)(on_path), "target": f"hooks_{name}"}
    return type(f"Wrong{name}", (HooksConformance,), {**parts, "rejected_by": test_name})


globals().update({f"Wrong{name}": suite_of(name, *wrong) for name, wrong in WRONG.items()})
