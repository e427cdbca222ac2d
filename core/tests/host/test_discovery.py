"""Discovery: what is found, what becomes a diagnostic, and when the index is used."""

import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from runrack.host.discovery import discover
from runrack.host.entry_point import EntryPointRecord
from runrack.testing.plugins import fake_distribution

LATER_NS = time.time_ns() + 24 * 60 * 60 * 1_000_000_000
"""A clock for which every file of a test is old enough: a day ahead, which no run of the tests ever reaches."""


@pytest.fixture
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("home") / "cache"


def find(site, cache, now_ns=LATER_NS):
    return discover([str(site)], str(cache), now_ns=now_ns)


def names(index):
    return [(entry.slot, entry.name, entry.distribution, entry.version) for entry in index.entries]


def test_every_slot_entry_of_a_distribution_is_found(tmp_path, cache):
    """An entry point comes with its distribution, version, file and plugin API."""
    folder = fake_distribution(
        tmp_path,
        "Acme-PG",
        "1.4.2",
        entry_points={
            "runrack.run_storage": {"postgres": "acme_pg.runs : PgRunStorage [fast]"},
            "runrack.plugin_api": dict.fromkeys(("2", "1", "run_storage-1.4", "run_storage-2.0"), "acme_pg"),
            "console_scripts": {"acme": "acme_pg.cli:main"},
        },
    )

    assert find(tmp_path, cache).entries == (
        EntryPointRecord(
            "run_storage",
            "postgres",
            "acme_pg.runs:PgRunStorage",
            distribution="Acme-PG",
            version="1.4.2",
            declared_in=str(folder / "entry_points.txt"),
            plugin_api=(1, 2),
            slot_api=((1, 4), (2, 0)),
            requested=True,
        ),
    )


def test_the_index_gives_what_the_scan_gave(tmp_path, cache):
    """The second look reads the index and finds the same, tabs and backslashes included."""
    fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a\\t\tb \\": "acme:A"}})
    fake_distribution(tmp_path, "rust", entry_points={"runrack.storrage": {"x": "rust:X"}})
    scanned = find(tmp_path, cache)
    (index_file,) = cache.iterdir()
    stored = index_file.read_bytes()

    assert find(tmp_path, cache) == scanned
    assert index_file.read_bytes() == stored
    assert len(scanned.entries) == 1
    assert len(scanned.diagnostics) == 1


def test_a_valid_index_is_believed(tmp_path, cache):
    """On a hit the distributions are not looked at: what the index says is what comes out."""
    fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    find(tmp_path, cache)
    (index_file,) = cache.iterdir()
    index_file.write_text(index_file.read_text().replace("acme:A", "acme:B"))

    assert find(tmp_path, cache).entries[0].value == "acme:B"


@pytest.mark.parametrize("damage", [b"", b"runrack plugin index 1\n", b"\xff\x00garbage"])
def test_a_damaged_index_is_replaced(tmp_path, cache, damage):
    """A torn or foreign index file counts as none, and a good one takes its place."""
    fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    scanned = find(tmp_path, cache)
    (index_file,) = cache.iterdir()
    good = index_file.read_bytes()
    index_file.write_bytes(damage or good[: len(good) // 2])

    assert find(tmp_path, cache) == scanned
    assert index_file.read_bytes() == good


def test_an_index_that_others_can_write_is_not_believed(tmp_path, cache):
    """A group- or world-writable index is scanned around."""
    fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    find(tmp_path, cache)
    (index_file,) = cache.iterdir()
    index_file.write_text(index_file.read_text().replace("acme:A", "evil:E"))
    index_file.chmod(0o666)

    assert find(tmp_path, cache).entries[0].value == "acme:A"


def test_the_index_lies_in_a_private_folder(tmp_path, cache):
    """The folder is made for its owner alone, and so is the file."""
    find(tmp_path, cache)

    assert cache.stat().st_mode & 0o777 == 0o700
    assert next(cache.iterdir()).stat().st_mode & 0o777 == 0o600


def test_nothing_is_stored_while_a_folder_is_fresh(tmp_path, cache):
    """A folder changed within two seconds may change again unseen, so its index is not kept."""
    fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    touched_ns = tmp_path.stat().st_mtime_ns

    find(tmp_path, cache, now_ns=touched_ns + 1_900_000_000)
    assert not cache.exists()
    find(tmp_path, cache, now_ns=touched_ns + 2_100_000_000)
    assert len(list(cache.iterdir())) == 1


def test_an_edited_entry_points_file_is_seen(tmp_path, cache):
    """Editing the file of a plugin in place makes the index stale."""
    folder = fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    find(tmp_path, cache)
    (folder / "entry_points.txt").write_text("[runrack.storage]\nb = acme:BB\n")

    assert [entry.name for entry in find(tmp_path, cache).entries] == ["b"]


def test_the_index_can_be_switched_off(tmp_path, cache, monkeypatch):
    """RUNRACK_NO_INDEX=1 neither reads nor writes an index."""
    monkeypatch.setenv("RUNRACK_NO_INDEX", "1")
    find(tmp_path, cache)

    assert not cache.exists()


def test_the_index_follows_the_cache_home(tmp_path, monkeypatch):
    """Without a folder given, the index lies below XDG_CACHE_HOME."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    discover([str(tmp_path / "nothing")], now_ns=LATER_NS)

    assert [path.parent for path in tmp_path.rglob("plugins-*.tsv")] == [tmp_path / "xdg" / "runrack"]


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path):
    """Where the cache folder cannot exist, discovery scans in silence."""
    (tmp_path / "file").touch()
    fake_distribution(tmp_path / "site", "acme", entry_points={"runrack.storage": {"a": "acme:A"}})

    assert names(find(tmp_path / "site", tmp_path / "file" / "cache")) == [("storage", "a", "acme", "1.0")]


def test_processes_that_discover_at_once_leave_one_good_index(tmp_path, cache):
    """Many processes without an index find the same, and leave one complete file and nothing else."""
    fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    script = (
        "import sys; from runrack.host.discovery import discover\n"
        "sys.stdin.readline()\n"
        f"print(discover([{str(tmp_path)!r}], {str(cache)!r}, now_ns={LATER_NS}))"
    )
    command = [sys.executable, "-c", script]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = {process.communicate()[0] for process in processes}

    assert printed == {f"{find(tmp_path, cache)}\n"}
    assert [path.suffix for path in cache.iterdir()] == [".tsv"]


def test_a_finder_from_elsewhere_switches_the_index_off(tmp_path, cache, monkeypatch):
    """Where distributions do not come from folders alone, no index is kept: nothing would tell when it is stale."""

    class Frozen:
        def find_spec(self, name, path=None, target=None):
            return None

        def find_distributions(self, context=None):
            return []

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Frozen()])
    find(tmp_path, cache)

    assert not cache.exists()


def test_the_cache_folder_stays_small(tmp_path, cache):
    """Indexes of search paths that are gone do not pile up."""
    for number in range(120):
        discover([str(tmp_path / str(number))], str(cache), now_ns=LATER_NS)

    assert len(list(cache.iterdir())) <= 50


def test_a_leftover_folder_hides_nothing(tmp_path, cache):
    """An empty metadata folder beside the real one is reported, and the plugin is found."""
    fake_distribution(tmp_path, "good", "1.0", entry_points={"runrack.storage": {"a": "good:A"}})
    leftover = tmp_path / "good-0.9.dist-info"
    leftover.mkdir()
    index = find(tmp_path, cache)

    assert names(index) == [("storage", "a", "good", "1.0")]
    assert [(found.distribution, found.path) for found in index.diagnostics] == [("good 0.9", str(leftover))]
    assert "interrupted" in index.diagnostics[0].reason


def test_a_file_that_is_not_utf8_is_a_diagnostic(tmp_path, cache):
    """One distribution with an undecodable file takes nothing away from the others."""
    bad = fake_distribution(tmp_path, "bad", entry_points={"console_scripts": {"x": "bad:x"}})
    (bad / "entry_points.txt").write_bytes(b"[runrack.storage]\n\xff\xfe = bad:X\n")
    fake_distribution(tmp_path, "good", entry_points={"runrack.storage": {"a": "good:A"}})
    index = find(tmp_path, cache)

    assert names(index) == [("storage", "a", "good", "1.0")]
    assert [(found.distribution, found.reason) for found in index.diagnostics] == [
        ("bad 1.0", "its entry_points.txt cannot be read (UnicodeDecodeError)")
    ]


@pytest.mark.parametrize("value", ["not a reference", "acme:", "1acme:A", "acme:A:B", "", "acme-pg:A"])
def test_a_malformed_value_is_a_diagnostic(tmp_path, cache, value):
    """A value that names no object costs its own entry only."""
    fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a": value, "b": "acme:B"}})
    index = find(tmp_path, cache)

    assert [entry.name for entry in index.entries] == ["b"]
    assert [found.reason for found in index.diagnostics] == ["[runrack.storage] a does not name an object"]


def test_an_unknown_group_is_a_diagnostic(tmp_path, cache):
    """A mistyped group is reported with the nearest group."""
    fake_distribution(tmp_path, "acme", entry_points={"runrack.run_storge": {"a": "acme:A"}})
    (found,) = find(tmp_path, cache).diagnostics

    assert found.reason == "[runrack.run_storge] is no group that runrack knows"
    assert found.fix == "did you mean runrack.run_storage?"


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        ("v1", ""),
        ("storage-1", ""),
        ("storage-1.x", ""),
        ("run_storge-1.4", "; did you mean 'run_storage'?"),
        ("\u0661", ""),
    ],
)
def test_what_is_no_version_of_an_api_is_a_diagnostic(tmp_path, cache, version, hint):
    """The plugin API is an integer, or a slot with major and minor; anything else is reported and ignored."""
    fake_distribution(
        tmp_path,
        "acme",
        entry_points={"runrack.plugin_api": {version: "acme"}, "runrack.storage": {"a": "acme:A"}},
    )
    index = find(tmp_path, cache)

    assert (index.entries[0].plugin_api, index.entries[0].slot_api) == ((), ())
    assert [found.reason for found in index.diagnostics] == [
        f"[runrack.plugin_api] {version!r} is no plugin API version{hint}"
    ]


def test_a_name_declared_twice_counts_once(tmp_path, cache):
    """Of two lines with one name in one group the first counts, and the second is reported."""
    folder = fake_distribution(tmp_path, "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    with (folder / "entry_points.txt").open("a") as file:
        file.write("a = acme:B\n")
    index = find(tmp_path, cache)

    assert [entry.value for entry in index.entries] == ["acme:A"]
    assert [found.reason for found in index.diagnostics] == ["[runrack.storage] a is declared twice"]


def test_copies_of_a_distribution_count_once(tmp_path, cache):
    """The first copy on the path wins: an editable installation beside an installed one, a link beside its folder."""
    fake_distribution(tmp_path / "src", "acme-pg", "2.0", entry_points={"runrack.storage": {"a": "acme:New"}})
    (tmp_path / "src" / "acme_pg-2.0.dist-info").rename(tmp_path / "src" / "acme_pg.egg-info")
    (tmp_path / "src" / "acme_pg.egg-info" / "METADATA").rename(
        tmp_path / "src" / "acme_pg.egg-info" / "PKG-INFO"
    )
    fake_distribution(tmp_path / "lib", "Acme.PG", "1.0", entry_points={"runrack.storage": {"a": "acme:Old"}})
    (tmp_path / "lib64").symlink_to("lib")
    path = [str(tmp_path / name) for name in ("src", "lib", "lib64", "src")]

    assert names(discover(path, str(cache), now_ns=LATER_NS)) == [("storage", "a", "acme-pg", "2.0")]


def test_a_first_copy_without_plugins_hides_a_later_one(tmp_path, cache):
    """What Python would import counts: an earlier copy without entry points means that there are none."""
    fake_distribution(tmp_path / "first", "acme", "2.0")
    fake_distribution(tmp_path / "second", "acme", "1.0", entry_points={"runrack.storage": {"a": "acme:A"}})
    path = [str(tmp_path / "first"), str(tmp_path / "second")]

    assert discover(path, str(cache), now_ns=LATER_NS).entries == ()


def test_damaged_metadata_takes_nothing_away(tmp_path, cache):
    """Name and version come from the folder's name where METADATA cannot be read."""
    folder = fake_distribution(tmp_path, "acme", "3.1", entry_points={"runrack.storage": {"a": "acme:A"}})
    (folder / "METADATA").write_bytes(b"\xff\xff")

    assert names(find(tmp_path, cache)) == [("storage", "a", "acme", "3.1")]


def test_a_distribution_in_a_zip_file_is_found(tmp_path, cache):
    """Archives on the path are searched like folders."""
    fake_distribution(tmp_path / "site", "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    archive = tmp_path / "acme.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted((tmp_path / "site").rglob("*")):
            file.write(path, path.relative_to(tmp_path / "site"))

    for _ in range(2):
        assert names(find(archive, cache)) == [("storage", "a", "acme", "1.0")]


def test_missing_and_unreadable_folders_are_nothing(tmp_path, cache):
    """A search path may name folders that do not exist."""
    assert find(tmp_path / "nowhere", cache).entries == ()
    fake_distribution(tmp_path / "nowhere", "acme", entry_points={"runrack.storage": {"a": "acme:A"}})
    assert names(find(tmp_path / "nowhere", cache)) == [("storage", "a", "acme", "1.0")]


def test_a_hit_imports_nothing_but_os(tmp_path, cache):
    """A fresh process that reads a valid index imports no module that Python did not import itself."""
    fake_distribution(
        tmp_path,
        "acme",
        entry_points={"runrack.storage": {"a": "acme:A"}},
        modules={"acme.py": "raise SystemExit('imported')"},
    )
    source = Path(sys.modules["runrack.host.discovery"].__file__).parents[2]
    script = (
        f"import sys; sys.path.append({str(source)!r}); import runrack; before = set(sys.modules)\n"
        "from runrack.host.discovery import discover\n"
        f"index = discover([{str(tmp_path)!r}], {str(cache)!r}, now_ns={LATER_NS})\n"
        "print(len(index.entries), *sorted(set(sys.modules) - before))"
    )
    find(tmp_path, cache)

    hit = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    own = ["runrack.host", "runrack.host.discovery", "runrack.host.entry_point", "runrack.host.index"]
    assert hit.stdout.split() == ["1", *own]
