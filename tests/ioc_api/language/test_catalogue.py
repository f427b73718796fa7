"""Every sentence that the source can tell a person has its Vietnamese, and nothing else has.

The source is read, not run: see ``raised``. A new refusal without a translation fails here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from string import Formatter

import pytest

from camera_registry import discovery, probe
from camera_registry.edits.model import EditState
from camera_registry.imports.model import ImportState
from camera_registry.language.catalogue import entries
from ioc_api.web.validation import WORDS
from tests.ioc_api.language.helps import helped
from tests.ioc_api.language.raised import Found, Reader
from tests.ioc_api.language.source import constants, sources
from tests.ioc_api.language.texts import Hole, Text

UNREADABLE = {
    ("analytics.rulebook.schedule", "', '.join(DAYS)"): "the days as the document writes them",
    ("camera_registry.passwords.runner", "message"): "a CamhubError's, or the words of TABLES",
    ("camera_registry.passwords.runner", "hint"): "a CamhubError's, or the words of TABLES",
    ("ingest.onvif.passwords", "message"): "one of TABLES",
    ("ingest.open_errors", "message"): "one of TABLES",
    ("ingest.open_errors", "hint"): "one of TABLES",
    ("ioc_api.web.problems", "words.get(status, status.phrase)"): "HTTP's own words, and OWN",
    ("ioc_api.web.problems", "words_of(item)"): "a line of ioc_api.web.validation",
    (
        "ioc_api.routes.jobs",
        "JobError(code=job.code, message=job.error, hint=job.hint) if failed else None",
    ): "the job's own",
}
"""Places whose words are not beside them in the source, and where they are instead."""

TABLES = {
    "ingest.open_errors": ["_MEANINGS", "_TRANSPORT", "_TIMEOUT", "_BAD_DATA", "_UNREACHABLE"],
    "ingest.onvif.passwords": ["_NOT_ADMIN", "_WRONG", "_REFUSALS", "_SAID"],
}
"""Constants whose sentences are unpacked into errors and reports."""

OWN = {
    "There is nothing at this address": "ioc_api.web.problems for 404",
    "Bad Request": "HTTP's own word where a body cannot be taken apart",
    "input": "a kind of tensors in analytics.model.manifest",
    "output": "a kind of tensors in analytics.model.manifest",
    "minute": "a step of ioc_api.routes.counts",
    "hour": "a step of ioc_api.routes.counts",
    "day": "a step of ioc_api.routes.counts",
    "looked at": "the progress of a bulk edit",
    "changed": "the progress of a bulk edit",
    "taken back": "the progress of a bulk edit",
    "registered": "the progress of an import",
    "New password": "a prompt of ioc_api.cli.users",
    "Password of the camera": "a prompt of ioc_api.cli.base",
    "the trial of the model": "what ioc_api.compose.model_desk calls its child",
    **dict.fromkeys((state.value for state in EditState), "a state within a refusal"),
    **dict.fromkeys((state.value for state in ImportState), "a state within a refusal"),
    probe.PROBE: "a kind of jobs within a refusal",
    discovery.DISCOVERY: "a kind of jobs within a refusal",
    "Expected {0}, got {1} - at {2}": "msgspec",
    "Expected {0} - at {1}": "msgspec",
    "Object missing required field {0} - at {1}": "msgspec",
    "Object contains unknown field {0} - at {1}": "msgspec",
    "Invalid enum value {0} - at {1}": "msgspec",
    "Invalid value {0} - at {1}": "msgspec",
    "JSON is malformed: {0}": "msgspec",
}
"""What is told but not written as a message in the source, and why."""

VIETNAMESE = entries("vi")


@cache
def found() -> tuple[Found, ...]:
    return tuple(Reader(sources()).found())


def passed_on(hole: Hole) -> bool:
    """Whether a hole is filled with what another error has said already."""
    return hole.source.rpartition(".")[2] in ("message", "hint", "error")


def phrases(text: Text) -> Iterator[tuple[str, str]]:
    """Return every fixed phrase that a text's holes may be, with the hole's place."""
    for hole in text.holes:
        for each in hole.phrases:
            yield hole.source, each.template
            yield from phrases(each)


def texts() -> set[Text]:
    """Return what was read; several places may share a template and differ in what fills it."""
    return {each.text for each in found() if not each.open and each.text.parts}


def numbered(line: str) -> str:
    """Write a line of the validation as a template: its named places by their number."""
    parts = list(Formatter().parse(line))
    count = iter(range(len(parts)))
    return "".join(
        literal + ("" if name is None else f"{{{next(count)}}}") for literal, name, _, _ in parts
    )


def told() -> set[str]:
    """Return every template that has to have an entry."""
    tables = {words for module, names in TABLES.items() for words in constants(module, names)}
    checks = {numbered(line) for line in WORDS.values()} - {"{0}"}
    listed = {text.template for text in texts() if not text.bare}
    within = {phrase for text in texts() for _, phrase in phrases(text) if " " in phrase.strip()}
    return listed | within | tables | checks | set(OWN) | helped()


def holes(template: str) -> dict[str, str]:
    """Return the holes of a template with their kinds."""
    return {
        name: kind or "" for _, name, kind, _ in Formatter().parse(template) if name is not None
    }


def test_what_cannot_be_read_from_the_source_is_listed_with_a_reason() -> None:
    unread = {
        (each.module, each.what)
        for each in found()
        if each.open and not all(passed_on(hole) for hole in each.text.holes)
    }
    unread |= {
        (each.module, each.what) for each in found() if (each.module, each.what) in UNREADABLE
    }
    assert unread == set(UNREADABLE)


def test_the_reader_finds_what_is_known_to_be_there() -> None:
    """A reader that finds nothing would let everything pass."""
    some = told()
    assert len(some) > 800
    assert {
        "There is no such camera",  # a constant
        "These are more than {0} cameras",  # an f-string
        "use a five-digit code; nearest: {0}",  # one side of a condition
        "the camera URL {0}",  # a helper that raises
        "must begin with {0}",  # and what it is called with
        "the worker has no picture of the camera",  # the default of a table
        "the camera refuses the user name or password",  # a table that is unpacked
        "You may not manage this camera",  # a line of an edit
        "must be a whole number",  # pydantic's
        "No worker reports on this camera",  # the reason of a state
    } <= some


def test_every_sentence_has_its_vietnamese() -> None:
    assert sorted(told() - VIETNAMESE.keys()) == []


def test_no_entry_is_left_over() -> None:
    words = {phrase for text in texts() for _, phrase in phrases(text)}
    assert sorted(VIETNAMESE.keys() - told() - words) == []


@pytest.mark.parametrize("template", sorted(VIETNAMESE))
def test_an_entry_is_whole(template: str) -> None:
    words = VIETNAMESE[template]
    assert holes(template).keys() == holes(words).keys()
    assert set(holes(template).values()) <= {""}
    assert set(holes(words).values()) <= {"", "n", "vi"}
    assert words != template
    assert words.strip() == words or template.strip() != template
    assert template[-1:] not in ".?!:" or words[-1:] == template[-1:]


def test_a_phrase_of_ours_within_a_sentence_is_marked_for_translation() -> None:
    unmarked = set()
    for text in texts():
        template = text.template
        if template not in VIETNAMESE:
            continue
        kinds = holes(VIETNAMESE[template])
        for number, hole in enumerate(text.holes):
            known = {each.template for each in hole.phrases} & VIETNAMESE.keys()
            if known and kinds[str(number)] != "vi":
                unmarked.add((template, hole.source, *sorted(known)))
    assert sorted(unmarked) == []
