"""Plugins as they were first published keep working on the head; one for a later host is refused before its import.

`frozen/wheels` holds them, one for each slot, built once from `frozen/sources` and not again: what somebody has installed
does not change either. A test that fails here says that the head breaks plugins which are out there. Mend the head; or
raise the major version of the slot's API in `runrack.host.slots` and add the wheel of a plugin for the new one.
"""

import json
import zipfile
from pathlib import Path

import pytest

from runrack import __version__
from runrack.host.discovery import discover
from runrack.host.plugin_record import PluginState
from runrack.host.policy import PluginPolicy
from runrack.host.registry import PluginRegistry
from runrack.host.slots import SLOTS

FROZEN = Path(__file__).with_name("frozen")
WHEELS = sorted(FROZEN.glob("wheels/*.whl"))
TOMORROW = "acme_tomorrow"

JOBS = """
from acme_executor import acme_executor
from acme_file_manager import acme_files
from acme_io_manager import acme_values
from runrack import job, op, schedule


@op(required_resource_keys={"files"})
def write(context):
    files = context.resources.files
    handle = files.write_data(b"four", "txt")
    print("written", files.read(handle, "r").read())
    return len(files.read_data(handle))


@op
def double(number):
    return 2 * number


@job(
    executor_def=acme_executor,
    resource_defs={"files": acme_files, "io_manager": acme_values},
)
def frozen():
    double(write())


@schedule("0 0 * * *", job=frozen)
def midnight(context):
    return {}
"""

STORAGES = {
    "combined": ["storage"],
    "separate": ["run_storage", "event_log_storage", "schedule_storage"],
}
PARTS = {
    "compute_logs": "compute_log_manager",
    "local_artifact_storage": "artifact_storage",
    "run_coordinator": "run_coordinator",
    "run_launcher": "run_launcher",
    "scheduler": "scheduler",
}
WITH_FOLDER = {"compute_log_manager", "artifact_storage", *STORAGES["combined"], *STORAGES["separate"]}
OTHERS = {"file_manager", "io_manager", "executor"}

HOOKS = {
    "hooks instance_opened Instance",
    "hooks run_launching frozen",
    "hooks run_status_changed SUCCESS RUN_SUCCESS",
    "hooks events_stored True",
    "hooks step_finished frozen double",
    "hooks command_line_built runrack",
    "hooks instance_closed Instance",
}


def package_of(wheel):
    """The import package, which is the distribution's name, of a wheel."""
    return wheel.name.partition("-")[0]


def install(wheels, site):
    """Install wheels without what they require: a wheel of Python code is unpacked."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    return site


def registry_of(site):
    """The plugins of a folder."""
    return PluginRegistry(discover([str(site)], "no index: the path is not absolute"), PluginPolicy())


def configuration(storages):
    """The text of a `runrack.yaml` in which every part is a frozen plugin."""
    slots = {**{slot: slot for slot in STORAGES[storages]}, **PARTS}
    base_dir = {"base_dir": {"env": "RUNRACK_HOME"}}
    parts = {key: {"acme": base_dir if slot in WITH_FOLDER else {}} for key, slot in slots.items()}
    return json.dumps(
        {**parts, "workspace": [{"python_file": {"path": "../jobs.py", "location_name": "jobs"}}]}
    )


@pytest.fixture(scope="session")
def frozen_site(tmp_path_factory):
    """A folder with every frozen plugin installed."""
    wheels = [wheel for wheel in WHEELS if package_of(wheel) != TOMORROW]
    return install(wheels, tmp_path_factory.mktemp("frozen"))


@pytest.fixture
def tomorrow_site(tmp_path):
    """A folder with the plugin for a later host installed."""
    return install(FROZEN.glob(f"wheels/{TOMORROW}-*.whl"), tmp_path / "site")


def test_every_slot_has_a_frozen_plugin(frozen_site):
    """There is a plugin for each slot, made for its first API, and each can still be used."""
    records = registry_of(frozen_site).list_plugins()
    assert {record.slot for record in records} == set(SLOTS)
    assert {record.state for record in records} == {PluginState.FOUND}


@pytest.mark.parametrize("wheel", WHEELS, ids=package_of)
def test_a_frozen_wheel_holds_the_source_beside_it(wheel):
    """What can be read under `frozen/sources` is what the wheel installs."""
    package = package_of(wheel)
    source = FROZEN / "sources" / package.replace("_", "-") / f"{package}.py"
    assert zipfile.ZipFile(wheel).read(f"{package}.py") == source.read_bytes()


@pytest.mark.parametrize("storages", STORAGES)
def test_a_run_uses_frozen_plugins_alone(home, tmp_path, frozen_site, command_line_with, storages):
    """The commands work on an instance whose parts are all frozen plugins, and so do an executor, files, values and listeners."""
    notes = tmp_path / "notes"
    (tmp_path / "jobs.py").write_text(JOBS)
    (home / "runrack.yaml").write_text(configuration(storages))
    runrack = command_line_with(frozen_site, ACME_NOTES=str(notes))

    runrack.output("config", "check")
    assert runrack.output("plugins", "doctor").startswith("nothing is wrong")
    runrack.output("run", "jobs.py:frozen")
    runrack.output("runs", "submit", "jobs:frozen", "--follow")
    runrack.output("schedule", "start", "midnight")

    runs = json.loads(runrack.output("runs", "list", "--json"))["runs"]
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS"]
    assert "written four" in runrack.output("logs", "last")
    used = set(notes.read_text().splitlines())
    assert {*STORAGES[storages], *PARTS.values(), *OTHERS, *HOOKS} - used == set()


def test_a_plugin_for_a_later_host_is_refused_before_its_import(home, tomorrow_site, command_line_with):
    """The command says what the plugin needs, what this host has, and what to install; other commands go on."""
    (home / "runrack.yaml").write_text("storage: {tomorrow: {}}\n")
    runrack = command_line_with(tomorrow_site)
    lines = [
        "the storage plugin 'tomorrow' of acme-tomorrow 3.0 cannot be used: it needs storage API 1.99",
        f"this runrack-core {__version__} has {'.'.join(map(str, SLOTS['storage'].api))}",
        "fix: pip install --upgrade 'runrack-core<10,>=9.4'",
    ]
    refused = runrack.call("runs", "list")

    assert refused.returncode == 2
    assert [line for line in lines if line not in refused.stderr] == []
    listed = json.loads(runrack.output("plugins", "list", "--slot", "storage", "--json"))["plugins"]
    assert [record["state"] for record in listed if record["name"] == "tomorrow"] == ["incompatible"]
    doctor = runrack.call("plugins", "doctor")
    assert (doctor.returncode, "it needs storage API 1.99" in doctor.stdout) == (1, True)
    tried = runrack.output("plugins", "why", "acme-tomorrow", "--import")
    assert "it needs storage API 1.99" in tried
    assert "acme_tomorrow was imported" not in tried + refused.stderr + doctor.stdout
