"""Secrets do not print, and are found in text."""

from __future__ import annotations

import base64
import json
import pickle
import subprocess
import sys
import threading
from urllib.parse import quote, quote_plus

import pytest

from runrack.config.secret import Secret, has_secrets, redact, register_secret


def test_repr_hides():
    """A secret's repr is the mask, also inside a container; its text is the text."""
    secret = Secret("s3cr3t-repr")

    assert repr(secret) == "***"
    assert repr({"password": [secret]}) == "{'password': [***]}"
    assert f"{secret}" == "s3cr3t-repr"
    assert secret == "s3cr3t-repr"


def test_secret_survives_pickle():
    """A secret that is pickled is a secret afterwards."""
    copied = pickle.loads(pickle.dumps(Secret("s3cr3t-pickle")))

    assert (type(copied), str(copied)) == (Secret, "s3cr3t-pickle")


def test_secret_is_text_for_json():
    """A secret is written to JSON as the text that it is."""
    assert json.dumps({"a": Secret("x")}) == '{"a": "x"}'


_AWKWARD = 'pä ss/w+o"r\\d&=%\t1'


@pytest.mark.parametrize(
    "form",
    [
        str,
        quote,
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda text: repr(text)[1:-1],
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    ],
)
def test_every_form_is_redacted(form):
    """A registered secret is found raw, URL-quoted, JSON-escaped, as in a repr and in base64."""
    register_secret(_AWKWARD)

    assert redact(f"before {form(_AWKWARD)} after") == "before *** after"


@pytest.mark.parametrize("user", ["a", "ab", "abc", "abcd"])
def test_basic_authorization_is_redacted(user):
    """A password is found in the base64 of `user:password`, whatever the length of the user's name."""
    register_secret("correct horse battery")
    header = base64.b64encode(f"{user}:correct horse battery".encode()).decode()

    shown = redact(header)

    assert "***" in shown
    assert len(shown) < 16


def test_lines_of_a_private_key_are_redacted():
    """Of a secret with several lines each is found alone."""
    register_secret("-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\n-----END KEY-----")

    assert redact("> MIIEpAIBAAKCAQEA7") == "> ***"


def test_longest_secret_wins():
    """Where one secret contains another, the whole of the longer one is hidden."""
    register_secret("swordfish")
    register_secret("swordfish-and-more")

    assert redact("swordfish-and-more swordfish") == "*** ***"


def test_short_values_are_left_alone():
    """A value of fewer than four characters is not hidden: it would hide half of every log."""
    register_secret("abc")

    assert redact("abc") == "abc"


def test_nothing_registered():
    """Where nothing is registered, text stays as it is."""
    code = (
        "from runrack.config.secret import has_secrets, redact\n"
        "assert not has_secrets()\n"
        "assert redact('password') == 'password'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads_register_at_once():
    """Whatever threads register at the same time is hidden."""
    secrets = [f"secret-of-thread-{i:03}" for i in range(64)]
    threads = [threading.Thread(target=register_secret, args=(secret,)) for secret in secrets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert has_secrets()
    assert redact(" ".join(secrets)) == " ".join(["***"] * 64)


def test_the_password_of_a_url_is_found_alone():
    """A driver may tell the password that it took out of the URL, as it is written there or as it is meant."""
    register_secret("postgresql://rack:hunt%40er2@db.example:5432/rack?x=1")

    assert redact("no login with hunt@er2 (hunt%40er2) for rack at db.example") == (
        "no login with *** (***) for rack at db.example"
    )


def test_a_url_without_a_password_hides_no_part():
    """Only the whole is a secret then."""
    register_secret("https://db.example:5432/some/path@here")

    assert redact("db.example at 5432") == "db.example at 5432"
