"""A finished sentence is said in another language by the template that it was made from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.language import say
from camera_registry.language.catalogue import entries
from camera_registry.language.phrasebook import Phrasebook

BOOK = Phrasebook(
    {
        "try again": "thử lại",
        "{0} of {1}": "{1} có {0}",
        "{0} to {1}": "từ {0:n} đến {1:n}",
        "the {0} is {1}": "{0} là {1:vi}",
        "the {0} is gone": "{0} đã mất",
        "write {{x}} or {0}": "ghi {{x}} hoặc {0}",
        "full": "đầy",
        "in use by {0}": "đang được {0} dùng",
    }
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("try again", "thử lại"),
        ("3 of 10", "10 có 3"),
        ("a of b of c", "b of c có a"),  # the first hole takes the least
        ("1.5 to -2", "từ 1.5 đến -2"),
        ("from here to there", "from here to there"),  # no numbers
        ("the disk is full", "disk là đầy"),
        ("the disk is in use by an", "disk là đang được an dùng"),
        ("the disk is blue", "disk là blue"),
        ("the disk is gone", "disk đã mất"),  # more literal text than `the {0} is {1}`
        ("the try again is gone", "try again đã mất"),  # a value stays as it is
        ("write {x} or y", "ghi {x} hoặc y"),
        ("name: try again", "name: thử lại"),
        ("sub.url: the disk is full", "sub.url: disk là đầy"),
        ("since, until: try again", "since, until: thử lại"),
        ("the disk is gone (try again)", "disk đã mất (thử lại)"),
        ("Nothing that we know", "Nothing that we know"),
        ("", ""),
    ],
)
def test_a_sentence_is_found_by_its_template(text: str, said: str) -> None:
    assert BOOK.say(text) == said


def test_a_hole_may_hold_anything_even_what_looks_like_a_hole() -> None:
    assert BOOK.say("{1} of {0}") == "{0} có {1}"
    assert say("There is a camera {0:vi} already", "vi") == "Đã có camera {0:vi}"


@given(st.text(max_size=400) | st.text("the is of to{}01 :(", max_size=400))
def test_any_text_is_said_and_english_stays_as_it_is(text: str) -> None:
    assert isinstance(say(text, "vi"), str)
    assert say(text, "en") == text


@pytest.mark.parametrize("piece", ["the is ", " of ", "a.", "a, a", "{0} ", "(", "camera "])
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    """It would take hours if matching went back; the limit is the test's own, of minutes."""
    say(piece * 20_000, "vi")


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), min_size=6))
def test_every_template_is_found_again_with_whatever_fills_it(values: list[str]) -> None:
    """What is said holds every value, unless a template with more literal text fits as well."""
    words = say(f"The file {values[0]} cannot be read: {values[1]}", "vi")
    assert values[0] in words
    assert values[1] in words


def test_a_language_without_a_folder_is_no_language() -> None:
    assert len(entries("vi")) > 800
    with pytest.raises(FileNotFoundError):
        entries("xx")
