"""How long it takes to know which plugins are installed, among 300 installed distributions.

Each sample is a fresh process that has imported `runrack` (whose cost has a bar of its own), imports the discovery and
asks it once: with a valid index (hit), and without one (miss). Prints one JSON line a case and one line for people; ends with 1 when a bar is missed.

    python benchmarks/discovery.py [--samples 15]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from runrack.testing.plugins import fake_distribution

DISTRIBUTIONS = 300
WITH_ENTRY_POINTS = 105
WITH_PLUGINS = 10
BARS_MS = {"hit": 1.0, "miss": 250.0}
OLD = 1_600_000_000
"""Seconds since 1970; the index is not stored while a folder is fresh."""

PROBE = """
import json, sys, time
import runrack
wall, cpu = time.perf_counter(), time.process_time()
from runrack.host.discovery import discover
index = discover()
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
fakes = [name for name in sys.modules if name.startswith("fake_")]
found = [entry for entry in index.entries if entry.distribution.startswith("fake-")]
print(json.dumps({"wall_ms": wall * 1e3, "cpu_ms": cpu * 1e3, "entries": len(found), "imported": len(fakes)}))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=15, help="fresh processes per case")
    samples = parser.parse_args().samples
    with tempfile.TemporaryDirectory() as root:
        site, cache = Path(root, "site"), Path(root, "cache")
        build_site(site)
        take_sample(site, cache)
        results = {
            "hit": [take_sample(site, cache) for _ in range(samples)],
            "miss": [take_sample(site, cache, is_index_removed=True) for _ in range(samples)],
        }
    met = [report(case, taken) for case, taken in results.items()]
    return int(not all(met))


def build_site(site):
    for number in range(DISTRIBUTIONS):
        package = f"fake_{number}"
        entry_points = {"console_scripts": {package: f"{package}:main"}} if number < WITH_ENTRY_POINTS else {}
        if number < WITH_PLUGINS:
            entry_points["runrack.run_storage"] = {package: f"{package}:RunStorage"}
            entry_points["runrack.event_log_storage"] = {package: f"{package}:EventLogStorage"}
        fake_distribution(site, f"fake-{number}", entry_points=entry_points, modules={f"{package}.py": ""})
    for path in [site, *site.glob("*/entry_points.txt")]:
        os.utime(path, (OLD, OLD))


def take_sample(site, cache, *, is_index_removed=False):
    if is_index_removed:
        shutil.rmtree(cache)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ |= {
        "XDG_CACHE_HOME": str(cache),
        "PYTHONPATH": os.pathsep.join([str(site), environ.get("PYTHONPATH", "")]),
        "RUNRACK_NO_INDEX": "0",
    }
    ended = subprocess.run(
        [sys.executable, "-c", PROBE], env=environ, cwd=site, capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout)


def report(case, taken):
    figures = {
        "benchmark": "discovery",
        "case": case,
        "distributions": DISTRIBUTIONS,
        "samples": len(taken),
        "wall_ms_min": min(sample["wall_ms"] for sample in taken),
        "wall_ms_median": statistics.median(sample["wall_ms"] for sample in taken),
        "cpu_ms_min": min(sample["cpu_ms"] for sample in taken),
        "cpu_ms_median": statistics.median(sample["cpu_ms"] for sample in taken),
        "plugin_modules_imported": max(sample["imported"] for sample in taken),
    }
    is_met = (
        figures["cpu_ms_median"] <= BARS_MS[case]
        and figures["plugin_modules_imported"] == 0
        and all(sample["entries"] == 2 * WITH_PLUGINS for sample in taken)
    )
    print(json.dumps(figures | {"bar_ms": BARS_MS[case], "met": is_met}))
    print(
        f"{case}: {figures['cpu_ms_median']:.2f} ms CPU, {figures['wall_ms_median']:.2f} ms wall (medians of {len(taken)});"
        f" bar {BARS_MS[case]:g} ms: {'met' if is_met else 'MISSED'}"
    )
    return is_met


if __name__ == "__main__":
    sys.exit(main())
