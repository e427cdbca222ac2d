"""Safe names: any text as one component of a path."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runrack.errors import InvalidArgumentError
from runrack.records.safe_name import MAX_NAME_BYTES, from_safe_name, is_safe_name, to_safe_name

SAFE_CHARACTERS = set("abcdefghijklmnopqrstuvwxyz0123456789_-~")

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
TEXT_LIKE_NAMES = st.text(st.sampled_from("abAB.~-/\\\0\u00e9e\u0301%20con"), max_size=12)
TEXTS = ANY_TEXT | TEXT_LIKE_NAMES


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("5d0c2f3e-8b51-4f0e-9a53-0f6f6f0c2a11", "5d0c2f3e-8b51-4f0e-9a53-0f6f6f0c2a11"),
        ("load_delays", "load_delays"),
        ("report.csv", "report~2ecsv"),
        ("..", "~2e~2e"),
        ("%2e%2e", "~252e~252e"),
        ("a/b", "a~2fb"),
        ("A", "~41"),
        ("-rf", "~2drf"),
        ("-", "~2d"),
        ("con", "~63on"),
        ("com1", "~63om1"),
        ("console", "console"),
        ("", "~"),
        ("~", "~7e"),
        ("\0", "~00"),
        ("\u00e9", "~c3~a9"),
        ("\ud800", "~ed~a0~80"),
    ],
)
def test_a_name_shows_the_text_as_far_as_it_is_safe(text, name):
    """Lower-case letters, digits, `_` and inner `-` stand for themselves, every other byte for its number."""
    assert to_safe_name(text) == name
    assert from_safe_name(name) == text


@given(TEXTS)
def test_a_name_is_safe_for_any_text(text):
    """A name has 1 to 200 bytes, none of which means anything to a file system, a shell or a URL."""
    name = to_safe_name(text)
    assert 1 <= len(name.encode()) <= MAX_NAME_BYTES
    assert set(name) <= SAFE_CHARACTERS
    assert not name.startswith("-")
    assert is_safe_name(name)


@given(TEXTS, TEXTS)
def test_different_texts_have_different_names(one, other):
    """No two texts share a name, also where case or normalisation is ignored."""
    assert (to_safe_name(one) == to_safe_name(other)) == (one == other)
    assert to_safe_name(one) == unicodedata.normalize("NFC", to_safe_name(one).lower())


@given(TEXTS)
def test_a_name_leads_back_to_its_text_or_says_that_it_cannot(text):
    """A name that is no digest is read back exactly."""
    name = to_safe_name(text)
    assert from_safe_name(name) == (None if "~~" in name else text)


@given(TEXTS)
def test_only_names_made_here_are_read_back(name):
    """A string is the safe name of its text, or refused: nothing has two names."""
    if is_safe_name(name) and "~~" not in name:
        assert to_safe_name(from_safe_name(name)) == name
    elif not is_safe_name(name) and "~~" not in name:
        with pytest.raises(InvalidArgumentError):
            from_safe_name(name)


def test_case_twins_and_normalisation_twins_stay_apart():
    """What a careless file system would merge has different names."""
    twins = ["Sales", "sales", "SALES", "caf\u00e9", "cafe\u0301"]
    assert len({to_safe_name(text).casefold() for text in twins}) == len(twins)


def test_a_long_text_keeps_its_beginning_and_gets_a_digest():
    """A name of 200 bytes begins as the text does; texts that differ at the end have different names."""
    one, other = to_safe_name("x" * 300), to_safe_name("x" * 299 + "y")
    assert one.startswith("x" * 134 + "~~")
    assert len(one) == len(other) == MAX_NAME_BYTES
    assert one != other
    assert from_safe_name(one) is None


def test_the_longest_text_that_fits_is_kept():
    """200 plain characters are their own name, 201 are not."""
    assert to_safe_name("x" * 200) == "x" * 200
    assert "~~" in to_safe_name("x" * 201)


def test_many_emoji_fit():
    """70 characters of four bytes each have a name within the limit."""
    assert len(to_safe_name("\N{ROCKET}" * 70)) == MAX_NAME_BYTES


def test_a_name_is_made_of_a_string():
    """Anything but a string is refused."""
    with pytest.raises(InvalidArgumentError, match="not of bytes"):
        to_safe_name(b"a")
