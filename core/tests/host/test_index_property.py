"""The index against a fresh scan, over random histories of a site-packages folder."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import importlib_metadata
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runrack.host.discovery import discover
from runrack.host.scan import scan_distributions
from runrack.testing.plugins import fake_distribution

DISTRIBUTIONS = ("acme-pg", "rust_belt", "Zulu.Time")
CONTENTS = {
    "plugin": b"[runrack.storage]\na = pkg:A\n",
    "other_plugin": b"[runrack.run_storage]\nb = pkg:B\n[runrack.plugin_api]\n1 = pkg\nrun_storage-1.0 = pkg\n",
    "foreign": b"[console_scripts]\nx = pkg:main\n",
    "mistyped": b"[runrack.storge]\na = pkg:A\n",
    "malformed": b"[runrack.storage]\na = not a value\nc = pkg:C\n",
    "undecodable": b"[runrack.storage]\n\xff = pkg:A\n",
}
SOUND = ("plugin", "other_plugin", "foreign")

steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["install", "install", "install", "remove", "editable", "leftover", "edit", "duplicate"]
        ),
        st.sampled_from(DISTRIBUTIONS),
        st.sampled_from(["1.0", "2.0"]),
        st.sampled_from(sorted(CONTENTS)),
    ),
    min_size=4,
    max_size=14,
)


class Environment:
    """Two folders on a search path, changed in the ways in which installers and people change them.

    Each change has a second of its own, so that what the test sees does not depend on the clock of the file system.
    """

    def __init__(self, root):
        self.root = root
        self.path = [root / "site-packages", root / "src"]
        self.cache = root / "cache"
        self.second = 1_600_000_000
        for folder in self.path:
            folder.mkdir()
            self.touch(folder)

    def apply(self, action, name, version, content):
        self.second += 10
        getattr(self, action)(name, version, CONTENTS[content])

    def install(self, name, version, content, folder=0):
        self.remove(name, version, content, folder)
        info = fake_distribution(self.path[folder], name, version)
        self.write(info / "entry_points.txt", content)
        self.touch(self.path[folder])

    def remove(self, name, version, content, folder=0):
        for info in self.path[folder].glob(f"{name.replace('-', '_')}-*"):
            shutil.rmtree(info)
        self.touch(self.path[folder])

    def editable(self, name, version, content):
        self.install(name, version, content, folder=1)

    def duplicate(self, name, version, content):
        info = self.path[0] / f"{name.replace('-', '_')}-{version}.dist-info"
        if not info.exists():
            fake_distribution(self.path[0], name, version)
            self.write(info / "entry_points.txt", content)
            self.touch(self.path[0])

    def leftover(self, name, version, content):
        (self.path[0] / f"{name.replace('-', '_')}-0.0.dist-info").mkdir(exist_ok=True)
        self.touch(self.path[0])

    def edit(self, name, version, content):
        """Change files that runrack has read; the first entry of a distribution added by hand is the known blind spot."""
        for file in self.root.glob("*/*.dist-info/entry_points.txt"):
            if b"runrack." in file.read_bytes():
                self.write(file, content)

    def write(self, file, content):
        file.write_bytes(content)
        self.touch(file)

    def touch(self, path):
        os.utime(path, (self.second, self.second))

    def discover(self):
        return discover([str(folder) for folder in self.path], str(self.cache))

    def scan(self):
        return scan_distributions([os.path.realpath(folder) for folder in self.path])[0]


@given(steps)
@settings(max_examples=250, deadline=None)
def test_the_index_never_differs_from_a_scan(history):
    """After every installation, upgrade, removal, edit and damage the index gives what a fresh scan gives."""
    with tempfile.TemporaryDirectory() as root:
        environment = Environment(Path(root))
        for step in history:
            environment.apply(*step)
            expected = environment.scan()
            assert environment.discover() == expected
            (index_file,) = environment.cache.iterdir()
            stored = index_file.stat()
            assert environment.discover() == expected
            assert index_file.stat().st_ino == stored.st_ino  # the second look was a hit: nothing was stored


@given(
    st.lists(
        st.tuples(st.sampled_from(DISTRIBUTIONS), st.sampled_from(SOUND), st.sampled_from([0, 1])), max_size=8
    )
)
@settings(max_examples=100, deadline=None)
def test_a_scan_finds_what_importlib_metadata_finds(installed):
    """Where nothing is damaged, the entries are those of importlib_metadata."""
    with tempfile.TemporaryDirectory() as root:
        environment = Environment(Path(root))
        for name, content, folder in installed:
            environment.install(name, "1.0", CONTENTS[content], folder)
        found = environment.scan()
        importlib_metadata.MetadataPathFinder.invalidate_caches()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "path", [str(folder) for folder in environment.path])
            everything = importlib_metadata.entry_points()
        expected = {
            (entry.group, entry.name, entry.value)
            for entry in everything
            if entry.group.startswith("runrack.") and entry.group != "runrack.plugin_api"
        }
        assert {(entry.group, entry.name, entry.value) for entry in found.entries} == expected
        assert found.diagnostics == ()
