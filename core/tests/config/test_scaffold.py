"""scaffold_yaml: a text to fill in that fits its schema as it stands."""

import re

import pytest

from runrack.config.document import parse_document
from runrack.config.evaluation import evaluate
from runrack.config.scaffold import scaffold_yaml
from runrack.config.vocabulary import (
    Array,
    Enum,
    Field,
    IntSource,
    Map,
    Noneable,
    Permissive,
    Selector,
    Shape,
    Union,
)

EVERYTHING = {
    "text": str,
    "whole": int,
    "part": float,
    "is_on": bool,
    "color": Enum("color", ["red", "blue"]),
    "list": Array({"a": int}),
    "map": Map(int),
    "anything": Field(None, is_required=True),
    "maybe": Noneable(str),
    "source": IntSource,
    "choice": Selector({"one": {"a": str}, "two": int}),
    "either": Union(int, str),
    "open": Field(Permissive({"a": Field(str, is_required=False)}), is_required=True),
    "true": str,
    "a key: with all": str,
    "nested": {"deep": {"needed": str, "not": Field(int, default_value=3)}},
    "optional": Field({"needed": str}, is_required=False),
    "whole default": Field({"a": Field(int, is_required=False)}, default_value={"a": 5}),
    "old": Field(int, renamed_to="whole"),
}


def filled(schema, text):
    result = evaluate(schema, parse_document(text, "text").value)
    assert result.success, (result.problems, text)
    return result.value


@pytest.mark.parametrize("name", [*EVERYTHING, "all"])
def test_the_text_fits_its_schema(name):
    """Whatever must be given has a value of its type."""
    fields = EVERYTHING if name == "all" else {name: EVERYTHING[name], "whole": int}
    filled(Shape(fields), scaffold_yaml(Shape(fields)))


def test_the_text_fits_with_every_line_counted():
    """What is commented out fits, too, once its `# ` is removed."""
    text = scaffold_yaml(Shape(EVERYTHING))
    uncommented = re.sub(r"^( *)# ", r"\1", text, flags=re.MULTILINE)
    assert uncommented != text
    value = filled(Shape(EVERYTHING), uncommented)
    assert (value["nested"]["deep"]["not"], value["optional"], value["whole default"]) == (
        3,
        {"needed": ""},
        {"a": 5},
    )


def test_each_line_says_what_the_setting_is():
    """Default, type and meaning stand on the line; what may be left out is commented out with all that lies in it."""
    schema = Shape(
        {
            "path": Field(str, description="Where to\nread"),
            "count": Field(int, default_value=5),
            "retry": Field({"delay": Field(float, default_value=1.5)}, description="How often"),
            "silent": {},
        }
    )
    assert scaffold_yaml(schema) == (
        'path: ""  # required; text; Where to read\n'
        "# count: 5  # a whole number\n"
        "# retry:  # How often\n"
        "#   delay: 1.5  # a number\n"
    )
