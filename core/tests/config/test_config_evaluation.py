"""Values are checked, filled with defaults, and their references resolved."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typing_extensions import override

from runrack.config.document import parse_document
from runrack.config.evaluation import evaluate, evaluate_or_raise
from runrack.config.problem import ConfigProblem, Position, ProblemCode
from runrack.config.secret import Secret, redact
from runrack.config.vocabulary import (
    AnyValue,
    Array,
    Bool,
    BoolSource,
    Enum,
    Field,
    Float,
    Int,
    IntSource,
    Map,
    Noneable,
    Permissive,
    Selector,
    String,
    Union,
)
from runrack.errors import ConfigError

_LEVEL = Enum("Level", ["DEBUG", "INFO"])


def _messages(config, value, **options) -> list[str]:
    result = evaluate(config, value, environ={}, **options)
    assert not result.success
    assert result.value is None
    return [str(problem) for problem in result.problems]


@pytest.mark.parametrize(
    ("config", "value", "expected"),
    [
        (str, "a", "a"),
        (int, 5, 5),
        (float, 5, 5),
        (float, 5.5, 5.5),
        (bool, True, True),
        (_LEVEL, "INFO", "INFO"),
        (Noneable(int), None, None),
        (Noneable(int), 5, 5),
        ([int], [1, 2], [1, 2]),
        (Map(int), {"any key": 1}, {"any key": 1}),
        ({"a": int, "b": Field(int, 2)}, {"a": 1}, {"a": 1, "b": 2}),
        ({"a": Field(int, is_required=False)}, {}, {}),
        ({"a": {"b": Field(int, 2)}}, {}, {"a": {"b": 2}}),
        ({"a": int}, {"a": 1, "x-anchor": {"any": "thing"}}, {"a": 1}),
        (Permissive({"a": Field(int, 1)}), {"b": [None]}, {"a": 1, "b": [None]}),
        (dict, {"x-a": 1}, {"x-a": 1}),
        (Selector({"in_process": {}, "multi": {"n": int}}), "in_process", {"in_process": {}}),
        (Selector({"in_process": {}, "multi": {"n": int}}), {"multi": {"n": 2}}, {"multi": {"n": 2}}),
        (Selector({"multi": {"n": Field(int, 4)}}), "multi", {"multi": {"n": 4}}),
        (Union(str, {"a": Field(bool, default_value=False)}), {}, {"a": False}),
        (Union(int, float, str), "x", "x"),
        (AnyValue, {"a": [1, None, "x"]}, {"a": [1, None, "x"]}),
        (None, None, None),
    ],
)
def test_good_values(config, value, expected):
    """What fits comes back with its defaults."""
    result = evaluate(config, value)

    assert result.success, result.problems
    assert result.value == expected


@pytest.mark.parametrize(
    ("config", "value", "message"),
    [
        (int, True, "expected a whole number, found true or false"),
        (int, 5.0, "expected a whole number, found a number"),
        (int, "5", "expected a whole number, found text, without quotes and without a unit"),
        (float, True, "expected a number, found true or false"),
        (str, 5, "expected text, found a whole number; put it in quotes"),
        (str, None, "has no value; expected text"),
        (bool, "yes", "expected true or false, found text, without quotes (yes, no, on and off are text)"),
        (bool, 1, "expected true or false, found a whole number"),
        (_LEVEL, "INFOS", "is none of the allowed names; did you mean 'INFO'? allowed: DEBUG, INFO"),
        (_LEVEL, 5, "expected one of DEBUG, INFO, found a whole number"),
        (Noneable(int), "x", "expected a whole number or null, found text"),
        ([int], 5, "expected a list, found a whole number"),
        ([int], (1,), "expected a list, found a Python object of type tuple"),
        ([int], [1, "x"], "[1]: expected a whole number, found text, without quotes and without a unit"),
        (Map(int), {"a b": None}, "['a b']: has no value; expected a whole number"),
        ({"a": int}, {}, "a: is required, but missing"),
        ({"a": int}, None, "has no value; expected a mapping"),
        ({"port": int}, {"prot": 5}, "prot: unknown key; did you mean 'port'? allowed: port"),
        ({}, {"a": 5}, "a: unknown key"),
        (Permissive({"a": int}), {"b": 5}, "a: is required, but missing"),
        (Selector({"a": {}, "b": {}}), {}, "expected exactly one key, but there is none; allowed: a, b"),
        (Selector({"a": {}, "b": {}}), {"a": {}, "b": {}}, "expected exactly one key, not 2; allowed: a, b"),
        (
            Selector({"sqlite": {}}),
            "sqlit",
            "is none of the allowed names; did you mean 'sqlite'? allowed: sqlite",
        ),
        (Selector({"sqlite": {}}), 5, "expected a mapping or one of sqlite, found a whole number"),
        (Selector({"multi": {"n": int}}), "multi", "multi.n: is required, but missing"),
        (Union(str, {"a": bool}), 5, "expected text or a mapping, found a whole number"),
        (Union(str, {"a": bool}), {"a": 5}, "a: expected true or false, found a whole number"),
        (Union(str, Noneable({"a": int})), {"b": 5}, "b: unknown key; allowed: a"),
        ({"a": int}, {5: 1, "a": 1}, "every key must be text"),
        ({"a": AnyValue}, {"a": [{5: 1}]}, "a[0]: every key must be text"),
    ],
)
def test_bad_values(config, value, message):
    """What does not fit is told by its path, what was expected and what kind of thing was found."""
    assert message in _messages(config, value)


class _Tag(String):
    """A text of small letters."""

    @override
    def accepts(self, value) -> bool:
        return super().accepts(value) and value.islower()

    @override
    def value_schema(self):
        return {"type": "string", "pattern": "^[a-z]+$"}


@pytest.mark.parametrize(
    ("config", "value", "message"),
    [
        (Int(minimum=1), 0, "expected a whole number of at least 1"),
        (Int(maximum=9), 10, "expected a whole number of at most 9"),
        (Noneable(IntSource(minimum=1, maximum=9)), 10, "expected a whole number from 1 to 9"),
        (Float(minimum=0.5), 0, "expected a number of at least 0.5"),
    ],
)
def test_a_number_out_of_range(config, value, message):
    """A number below the minimum or above the maximum is refused with the range, by a code of its own."""
    (problem,) = evaluate(config, value).problems

    assert (problem.message, problem.code) == (message, ProblemCode.OUT_OF_RANGE)


@pytest.mark.parametrize("value", [1, 9])
def test_the_ends_of_a_range_are_allowed(value):
    """The minimum and the maximum are values of the type."""
    assert evaluate(Int(1, 9), value).value == value


def test_a_reference_out_of_range():
    """What a reference or its default brings is held to the range, and a reference that is only checked is well."""
    port = Int(minimum=1, maximum=9)

    assert [str(each) for each in evaluate(port, {"env": "N"}, environ={"N": "0"}).problems] == [
        "environment variable N does not hold a whole number from 1 to 9"
    ]
    assert [str(each) for each in evaluate(port, {"env": "N", "default": 10}, environ={}).problems] == [
        "default: expected a whole number from 1 to 9, as for the value itself"
    ]
    assert evaluate(port, {"env": "N"}, resolve=False).value == {"env": "N"}


def test_type_of_ones_own():
    """A type with a rule of its own is refused with the name of the rule."""
    assert evaluate(_Tag, "red").value == "red"
    assert _messages({"tag": _Tag}, {"tag": "Red"}) == ["tag: does not satisfy 'pattern' of its schema"]


def test_all_problems_are_collected():
    """Problems of every kind are reported together, in the order of the document."""
    document = parse_document("b: {env: NOPE}\nc: 5\na: [x]\nd: 1\n", "f.yaml")

    result = evaluate(
        {"a": [int], "b": str, "c": str, "e": int}, document.value, document=document, environ={}
    )

    assert [(problem.position, problem.path) for problem in result.problems] == [
        (Position("f.yaml", 1, 1), "e"),
        (Position("f.yaml", 1, 4), "b"),
        (Position("f.yaml", 2, 4), "c"),
        (Position("f.yaml", 3, 5), "a[0]"),
        (Position("f.yaml", 4, 1), "d"),
    ]


def test_value_from_within_a_document():
    """A part of a document is evaluated with the paths and positions of the whole."""
    document = parse_document("run_queue:\n  limit: x\n", "f.yaml")

    result = evaluate({"limit": int}, document.value["run_queue"], document=document, path=("run_queue",))

    assert result.problems == (
        ConfigProblem(
            Position("f.yaml", 2, 10),
            "run_queue.limit",
            "expected a whole number, found text, without quotes and without a unit",
            code=ProblemCode.WRONG_TYPE,
        ),
    )


def test_error_shows_the_first_ten():
    """The raised error is one screen: ten problems, then how many more; it holds them all."""
    with pytest.raises(ConfigError) as raised:
        evaluate_or_raise([int], ["x"] * 12)

    lines = raised.value.message.splitlines()
    assert lines[0] == "[0]: expected a whole number, found text, without quotes and without a unit"
    assert lines[10:] == ["and 2 more"]
    assert len(raised.value.problems) == 12


@pytest.mark.parametrize(
    ("config", "text", "expected"),
    [
        (str, "", ""),
        (str, " x ", " x "),
        (int, "5432", 5432),
        (int, " -7\n", -7),
        (float, "2.5", 2.5),
        (float, "1e3", 1000.0),
        (_LEVEL, "INFO", "INFO"),
        (Noneable(int), "5", 5),
        (Union(int, str), "x", "x"),
        (Union(int, str), "5", 5),
        (AnyValue, "5", "5"),
        *[(BoolSource, text, False) for text in ("false", "None", "0", "no", "OFF", "")],
        *[(Bool, text, True) for text in ("true", "TRUE", "1", "Yes", "on")],
    ],
)
def test_reference_takes_the_type_of_its_field(config, text, expected):
    """What a variable holds is read as the type of the field that refers to it, whatever the field."""
    result = evaluate(config, {"env": "VARIABLE"}, environ={"VARIABLE": text})

    assert result.success, result.problems
    assert result.value == expected
    assert isinstance(result.value, type(expected))


@pytest.mark.parametrize(
    ("config", "text", "expectation"),
    [
        (IntSource, "5432x", "a whole number"),
        (Int, "1_000", "a whole number"),
        (Int, "5.0", "a whole number"),
        (Int, "9" * 30, "a whole number"),
        (Float, "nan", "a number"),
        (BoolSource, "maybe", "true or false"),
        (_LEVEL, "LOUD", "one of DEBUG, INFO"),
    ],
)
def test_variable_of_the_wrong_type(config, text, expectation):
    """A variable that does not hold the type is named; what it holds is not shown."""
    result = evaluate({"a": config}, {"a": {"env": "VARIABLE"}}, environ={"VARIABLE": text})

    assert [str(problem) for problem in result.problems] == [
        f"a: environment variable VARIABLE does not hold {expectation}"
    ]


def test_unset_variable():
    """An unset variable is named, with what to do; a default takes its place as it is."""
    assert _messages(str, {"env": "NOPE"}) == [
        "environment variable NOPE is not set; set it, or add a default: to the reference"
    ]
    assert evaluate(int, {"env": "NOPE", "default": 5}, environ={}).value == 5
    assert evaluate(AnyValue, {"env": "NOPE", "default": None}, environ={}).success


def test_variable_comes_from_the_process(monkeypatch):
    """Without an environment of its own, an evaluation reads that of the process."""
    monkeypatch.setenv("RUNRACK_TEST_VARIABLE", "value")

    assert evaluate(str, {"env": "RUNRACK_TEST_VARIABLE"}).value == "value"


@pytest.mark.parametrize(
    "reference",
    [
        {"env": ""},
        {"env": 5},
        {"env": "A=B"},
        {"env": "A", "file": "b"},
        {"env": "A", "defualt": "b"},
        {"file": None},
        {"file": "a", "default": "b"},
    ],
)
def test_malformed_reference(reference):
    """A reference with a wrong form is shown the right ones."""
    assert _messages(str, reference) == [
        "a reference is {env: NAME}, {env: NAME, default: VALUE} or {file: PATH}, and nothing else"
    ]


def test_file_reference(tmp_path: Path):
    """A file's text comes without its last line break; a relative path begins at the base folder."""
    (tmp_path / "password").write_bytes("hünter2\n".encode())
    (tmp_path / "windows").write_bytes(b"hunter2\r\n")
    (tmp_path / "lines").write_bytes(b"a\nb\n\n")

    value = [{"file": "password"}, {"file": str(tmp_path / "windows")}, {"file": "lines"}]

    assert evaluate([str], value, base_dir=tmp_path).value == ["hünter2", "hunter2", "a\nb\n"]


def test_file_reference_that_leads_nowhere(tmp_path: Path):
    """A folder, a missing file, a pipe, other bytes than UTF-8 and too many bytes are problems that do not show the path."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    os.mkfifo(tmp_path / "pipe")
    names = ["folder", "missing", "pipe", "binary", "large", "nul\0", "n" * 300]

    messages = _messages([str], [{"file": name} for name in names], base_dir=tmp_path)

    base = f"; a relative path begins at {tmp_path}"
    assert messages == [
        f"[0]: the file referred to cannot be read (Is a directory){base}",
        f"[1]: the file referred to cannot be read (No such file or directory){base}",
        "[2]: the file referred to is no regular file",
        f"[3]: the file referred to is not UTF-8 text{base}",
        "[4]: the file referred to is larger than 1 MiB",
        f"[5]: the file referred to has a name that no file can have{base}",
        f"[6]: the file referred to cannot be read (File name too long){base}",
    ]


def test_references_in_free_form_values():
    """In a value of any kind, a well-formed reference is resolved, and what only looks like one is left alone."""
    value = {"a": [{"env": "X"}], "env": {"X": "1"}, "b": {"env": "X", "other": 1}}

    assert evaluate(dict, value, environ={"X": "x-value"}).value == {
        "a": ["x-value"],
        "env": {"X": "1"},
        "b": {"env": "X", "other": 1},
    }


def test_default_that_is_a_reference():
    """A default is resolved like a value."""
    config = {"a": Field(str, {"env": "HOME_OF_A"})}

    assert evaluate(config, {}, environ={"HOME_OF_A": "home-of-a"}).value == {"a": "home-of-a"}


def test_unresolved():
    """With `resolve=False` references are kept, their form and the rest are still checked, and defaults are filled in."""
    config = {"a": int, "b": Field(str, "x"), "c": Field(int, is_required=False)}

    assert evaluate(config, {"a": {"env": "NOPE"}}, resolve=False).value == {"a": {"env": "NOPE"}, "b": "x"}
    assert _messages(config, {"a": {"env": "NOPE"}, "b": 5, "c": {"evn": "X"}}, resolve=False) == [
        "b: expected text, found a whole number; put it in quotes",
        "c: expected a whole number, found a mapping",
    ]


def test_what_a_reference_brings_is_a_secret():
    """A text from a reference prints as `***` and is redacted."""
    value = evaluate({"a": str}, {"a": {"env": "X"}}, environ={"X": "brought-by-env"}).value

    assert isinstance(value["a"], Secret)
    assert repr(value) == "{'a': ***}"
    assert redact("brought-by-env") == "***"


def test_what_is_declared_secret_is_one_wherever_it_comes_from():
    """With `is_secret=True` a literal value and a default are hidden, too, also in the fields within; not so where a field says no."""
    config = {
        "door": Field({"code": str, "colour": Field(str, is_secret=False)}, is_secret=True),
        "pin": Field(str, default_value="pin-by-default", is_secret=True),
        "key": Field(str, is_secret=True),
    }
    given = {"door": {"code": "literal-code", "colour": "green"}, "key": {"env": "X", "default": "fallback"}}

    value = evaluate(config, given, environ={}).value

    assert repr(value) == "{'door': {'code': ***, 'colour': 'green'}, 'pin': ***, 'key': ***}"
    assert redact("literal-code pin-by-default fallback green") == "*** *** *** green"


def test_the_password_of_a_literal_url_is_a_secret():
    """A URL may be shown but for its password, wherever it stands."""
    url = "postgresql://rack:hunter-2@db.example/rack"

    value = evaluate({"a": str, "b": Field(str, is_secret=False)}, {"a": url, "b": url}, environ={}).value

    assert value == {"a": url, "b": url}
    assert redact(f"refused: {value['b']}") == "refused: postgresql://rack:***@db.example/rack"


def test_what_is_only_checked_is_not_registered():
    """A value that is kept as it is written stays plain text."""
    value = evaluate(Field(str, is_secret=True), "kept-as-it-is", resolve=False).value

    assert (value, type(value)) == ("kept-as-it-is", str)
    assert redact("kept-as-it-is") == "kept-as-it-is"


def test_what_is_no_secret():
    """A field with `is_secret=False`, a number, and a value that stands in the file are not hidden."""
    config = {"a": Field([String], is_secret=False), "b": int, "c": str}
    environ = {"X": "public-path", "N": "54321"}

    value = evaluate(
        config, {"a": [{"env": "X"}], "b": {"env": "N"}, "c": "plainly-there"}, environ=environ
    ).value

    assert repr(value) == "{'a': ['public-path'], 'b': 54321, 'c': 'plainly-there'}"
    assert redact("public-path 54321 plainly-there") == "public-path 54321 plainly-there"


_RENAMED = {"new": {"n": int}, "old": Field({"n": int}, renamed_to="new")}


def test_renamed_key(caplog):
    """A value under an old name counts as given under the new one, with a warning that says so."""
    document = parse_document("# c\nold: {n: 1}\n", "f.yaml")

    with caplog.at_level(logging.WARNING, logger="runrack.config"):
        value = evaluate_or_raise(_RENAMED, document.value, document=document)

    assert value == {"new": {"n": 1}}
    assert caplog.messages == ["f.yaml:2:1 old: is now called 'new'; the old name will go"]


def test_problem_under_a_renamed_key():
    """A problem of a value under an old name stands where the file has it."""
    document = parse_document("# c\nold: {n: x}\n", "f.yaml")

    result = evaluate(_RENAMED, document.value, document=document)

    assert [problem.position for problem in result.problems] == [Position("f.yaml", 2, 10)]


def test_both_names_of_a_key():
    """Old and new name together are a problem."""
    assert _messages(_RENAMED, {"old": {"n": 1}, "new": {"n": 1}}) == [
        "old: is the old name of 'new', which is given too; remove one"
    ]


def test_the_value_given_is_left_as_it_is():
    """Evaluation makes a new value and does not touch the one it is given."""
    given = {"a": {"x-b": 1}, "old": {"n": 1}}

    evaluate({**_RENAMED, "a": {"c": Field(Array(int), [1])}}, given)

    assert given == {"a": {"x-b": 1}, "old": {"n": 1}}


def test_what_is_imported():
    """The package loads no third-party module, a good value needs no validator, and a schema no YAML."""
    code = """
import sys
import runrack.config
loaded = {name.partition('.')[0] for name in sys.modules}
assert not loaded & {'typing_extensions', 'ruamel', 'jsonschema', 'msgspec'}, loaded
from runrack.config import Field, evaluate, parse_document
assert evaluate({'a': Field(int, default_value=1)}, {}).success
assert 'ruamel' not in sys.modules
assert parse_document('a: 1', 'f').value == {'a': 1}
assert 'jsonschema' not in sys.modules
assert not evaluate({'a': int}, {'a': 'x'}).success
assert 'jsonschema' in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there():
    """Each name that the package lists can be imported from it, and no other."""
    import runrack.config

    for name in runrack.config.__all__:
        assert getattr(runrack.config, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        runrack.config.nothing  # noqa: B018 - the access is the test
    assert dir(runrack.config) == runrack.config.__all__
