"""The runrack home."""

import stat
from pathlib import Path

import pytest

from runrack.errors import HomeError
from runrack.instance.home import find_home, make_home


def test_default_home_is_made_for_its_owner_alone(tmp_path, monkeypatch):
    """Without $RUNRACK_HOME the home is ~/.runrack, made with mode 0700."""
    monkeypatch.setenv("HOME", str(tmp_path))
    home = find_home({})
    assert home == tmp_path / ".runrack"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_named_home_is_used(tmp_path):
    """$RUNRACK_HOME names an existing folder."""
    assert find_home({"RUNRACK_HOME": str(tmp_path)}) == tmp_path


def test_tilde_is_expanded(tmp_path, monkeypatch):
    """~ in $RUNRACK_HOME is the user's home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home({"RUNRACK_HOME": "~"}) == tmp_path


def test_relative_home_is_refused():
    """A relative $RUNRACK_HOME is an error with exit code 2."""
    with pytest.raises(HomeError, match="absolute") as caught:
        find_home({"RUNRACK_HOME": "here"})
    assert caught.value.exit_code == 2


def test_missing_named_home_is_refused(tmp_path):
    """A $RUNRACK_HOME that does not exist is more likely mistyped than meant, and the message says how to make it."""
    with pytest.raises(HomeError, match="runrack init"):
        find_home({"RUNRACK_HOME": str(tmp_path / "none")})
    assert not (tmp_path / "none").exists()


def test_file_as_home_is_refused(tmp_path):
    """A home is a folder."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(HomeError, match="not a folder"):
        find_home({"RUNRACK_HOME": str(file)})


def test_home_that_everyone_may_write_to_is_refused(tmp_path):
    """Who may write to the home decides what runs."""
    tmp_path.chmod(0o777)
    with pytest.raises(HomeError, match="chmod"):
        find_home({"RUNRACK_HOME": str(tmp_path)})


def test_home_below_a_file_cannot_be_made(tmp_path):
    """A home that cannot be made is one clear error."""
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match="cannot be made"):
        make_home(Path(tmp_path / "file" / "home"))
