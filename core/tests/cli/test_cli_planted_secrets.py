"""A secret planted in any setting, whatever goes wrong then, is not told: not in messages, reprs, logs, events or reports.

Each case plants one secret in one setting of one valid file and makes one mistake; or lets one text that holds the secret, as
it is or encoded, pass through one channel. What is shown is searched for the secret in every encoding.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

import pytest

from runrack.cli.config.configuration_check import check_configuration
from runrack.cli.failure import report_failure
from runrack.cli.output.log_output import LogOutput
from runrack.cli.plugins.schemas import ManifestSchemas
from runrack.config.document import parse_document
from runrack.config.evaluation import evaluate
from runrack.config.problem import render
from runrack.config.secret import forget_secrets
from runrack.config.vocabulary import Field
from runrack.errors import ConfigError, StorageError
from runrack.host.configurable import ConfigurableClassData
from runrack.host.registry import PluginRegistry
from runrack.instance.instance import Instance
from runrack.records.codec import encode
from runrack.records.error_info import SerializableErrorInfo
from runrack.testing.builders import make_entry, make_materialization

SAMPLED = 60
"""One file in this many is tried by `make test`; `make soak` tries all."""

VARIABLE = "PLANTED"

Place = tuple[str | int, ...]
"""The keys and list indices that lead to a setting."""


class PlantedFile(NamedTuple):
    """A file with one secret in one setting.

    Attributes:
        text: The file.
        secret: What it holds, or refers to.
        what: What was done to it, for a failure.
    """

    text: str
    secret: str
    what: str


VALUES: dict[str, Callable[[str], Any]] = {
    "literal": lambda secret: secret,
    "in a list": lambda secret: [secret],
    "in a mapping": lambda secret: {"nested": secret},
    "variable": lambda _: {"env": VARIABLE},
    "default": lambda secret: {"env": "SURELY_NOT_SET", "default": secret},
    "default of another kind": lambda secret: {"env": VARIABLE, "default": [secret]},
    "reference and more": lambda secret: {"env": VARIABLE, "also": secret},
    "two references": lambda secret: {"env": VARIABLE, "file": secret},
    "missing variable": lambda secret: {"env": "SURELY_NOT_SET", "also": secret},
    "file": lambda _: {"file": "planted.txt"},
}
"""What stands in the setting: a value of the right kind, or one that is a mistake by itself."""

NEIGHBOURS = ("", "surely_unknown", "module")
"""A key beside it that is a mistake, and holds the secret as well; none where empty."""

ENDINGS = (
    "broken: a: b\n",
    'broken: "open\n',
    "broken: [1, 2\n",
    "twice: 1\ntwice: 2\n",
    "broken: !tag x\n",
    "broken:\n\ta: 1\n",
    "<<: {}\n",
    "broken: *nothing\n",
)
"""Ends of a file for which it cannot be read."""

WAYS = [
    *itertools.product(VALUES, NEIGHBOURS, [""]),
    *itertools.product(["literal"], [""], ENDINGS),
]
"""How the secret stands in the setting, what stands beside it, how the file ends."""


def as_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "base64": as_base64,
    "base64 in a header": lambda text: as_base64(f"rack:{text}"),
    "URL-quoted": lambda text: quote(text, safe=""),
    "URL-quoted form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps({"password": text})),
    "repr": lambda text: repr({"password": text}),
}

SECRETS = [
    f"{begin}{middle}{end}"
    for begin, middle, end in itertools.product(
        ["s3cr3t", "pass word ", "/+ab", "ключ-"],
        ['"quoted"', "it's", "back\\slash", "50%&a=b", "plain0815", "<é>"],
        ["", "=tail", "\nline two of it"],
    )
]


TRACES: dict[str, Callable[[str], str]] = {
    **ENCODINGS,
    "base64": lambda text: as_base64(text).rstrip("="),
    "base64 in a header": lambda text: as_base64(f"rack:{text}")[8:-4],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "repr": lambda text: repr({"password": text})[len("{'password': '") : -2],
}
"""What betrays that an encoding holds a secret."""


def leaks(shown: str, secret: str) -> list[str]:
    """Return the encodings in which a text shows a secret."""
    return [name for name, trace in TRACES.items() if trace(secret) in shown]


def settings_of(value: Any, path: Place = ()) -> Iterator[Place]:
    """Yield where the single values of a file stand."""
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from settings_of(item, (*path, key))
    else:
        yield path


def put(content: dict[str, Any], at: Place, value: Any) -> dict[str, Any]:
    """Return a copy with another value in one place."""
    changed = copy.deepcopy(content)
    inner: Any = changed
    for part in at[:-1]:
        inner = inner[part]
    inner[at[-1]] = value
    return changed


def beside(at: Place, key: str) -> Place:
    """Return the place of another key in the mapping that is nearest around a setting."""
    last = max(index for index, part in enumerate(at) if isinstance(part, str))
    return (*at[:last], key)


def files_with_a_secret(contents: Sequence[dict[str, Any]]) -> Iterator[PlantedFile]:
    """Yield every file: each setting in turn holds the secret, in each way, beside each other mistake."""
    secrets = itertools.cycle(SECRETS)
    for content in contents:
        for at in settings_of(content):
            for way, neighbour, ending in WAYS:
                secret = next(secrets)
                changed = put(content, at, VALUES[way](secret))
                if neighbour:
                    changed = put(changed, beside(at, neighbour), secret)
                text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in changed.items())
                yield PlantedFile(f"{text}{ending}", secret, f"{at}: {way}, {neighbour!r}, {ending!r}")


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[PlantedFile], str]:
    """Returns all that is shown of a file: by `config check --import`, as far as no plugin is imported, and by the errors."""
    registry, schemas = PluginRegistry(), ManifestSchemas()
    name = str(tmp_path / "runrack.yaml")

    def shown(planted: PlantedFile) -> str:
        monkeypatch.setenv(VARIABLE, planted.secret)
        (tmp_path / "planted.txt").write_text(planted.secret)
        forget_secrets()
        try:
            document = parse_document(planted.text, name)
        except ConfigError as error:
            return "\n".join([repr(error.problems), repr(error), *traceback.format_exception(error)])
        found = check_configuration(document, registry, schemas, resolve=True)
        error = ConfigError(render(found.problems), found.problems)
        return "\n".join([repr(document), repr(found), str(error), repr(error)])

    return shown


def check_files(chosen: Sequence[PlantedFile], shown: Callable[[PlantedFile], str]) -> None:
    """Assert that nothing of the files' secrets is shown."""
    leaking = {planted.what: found for planted in chosen if (found := leaks(shown(planted), planted.secret))}
    assert leaking == {}


def test_a_secret_in_a_setting_is_not_told(sample_configurations, check):
    """Some of the cases."""
    check_files(list(files_with_a_secret(sample_configurations))[::SAMPLED], check)


@pytest.mark.soak
def test_a_secret_in_any_setting_is_never_told(sample_configurations, check):
    """All of them: every setting of every plugin, every way to write a secret, every kind of mistake."""
    files = list(files_with_a_secret(sample_configurations))
    assert len(files) >= 10_000
    check_files(files, check)


@pytest.fixture
def channels(capsys: pytest.CaptureFixture[str]) -> Iterator[dict[str, Callable[[str], str]]]:
    """Ways that a text takes to a reader: each returns what arrives."""

    def reported(**options: bool) -> Callable[[str], str]:
        def report(text: str) -> str:
            report_failure(StorageError(text), **{"is_debugging": False, **options})
            return capsys.readouterr().err

        return report

    def logged(text: str) -> str:
        LogOutput().emit(logging.LogRecord("runrack", logging.ERROR, "", 1, "it says %s", (text,), None))
        return capsys.readouterr().err

    with Instance.ephemeral() as instance:

        def stored(text: str) -> str:
            error = SerializableErrorInfo(message=text, stack=(f"raise Error({text})",), cls_name="Error")
            plain = make_entry(text, error_info=error)
            asset = make_materialization(metadata={text: {text: [text]}, "note": text})
            return "".join(
                encode(instance.handle_new_event(entry).event_log_entry) for entry in (plain, asset)
            )

        yield {
            "message": reported(),
            "report for programs": reported(as_json=True),
            "traceback": reported(is_debugging=True),
            "log": logged,
            "event": stored,
        }


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_passes_through_no_channel(encoding, channels):
    """What a plugin says with a secret in it, in whatever encoding, arrives without it."""
    for secret in SECRETS:
        forget_secrets()
        evaluate(Field(str), {"env": VARIABLE}, environ={VARIABLE: secret})
        text = f"no connection with {ENCODINGS[encoding](secret)} to db"
        assert encoding in leaks(text, secret)
        leaking = {
            name: found for name, pass_on in channels.items() if (found := leaks(pass_on(text), secret))
        }
        assert leaking == {}, secret


def test_objects_do_not_print_their_configuration():
    """The repr of a part's data, and of what an evaluation gave, shows no value that may be a literal password."""
    for secret in SECRETS:
        data = ConfigurableClassData.from_config("acme", "Acme", {"password": secret})
        result = evaluate(
            {"password": Field(str, is_secret=True), "note": str}, {"password": secret, "note": secret}
        )
        assert leaks(repr(data) + repr(result) + repr(result.value["password"]), secret) == []


def test_a_secret_that_is_the_name_of_a_field_damages_no_event(channels):
    """A text is redacted, the names of fields are not: the event can be read afterwards."""
    evaluate([str], [{"env": VARIABLE}], environ={VARIABLE: "message"})
    assert '"it is *** here"' in channels["event"]("it is message here")
