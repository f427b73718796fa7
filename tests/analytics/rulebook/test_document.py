from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.rulebook.book import (
    AnyRule,
    CrowdRule,
    DwellRule,
    LeftObjectRule,
    Line,
    LineCrossRule,
    QueueRule,
    Rulebook,
    StoppedRule,
    TamperRule,
    WrongWayRule,
    Zone,
    ZoneEnterRule,
    ZoneLeaveRule,
    default_rulebook,
)
from analytics.rulebook.document import (
    MAX_SIZE,
    SCHEMA_PATH,
    decode_rules,
    encode_rules,
    json_schema,
    revised,
)
from analytics.rulebook.schedule import Schedule, Window
from analytics.rules.engine import machine_of
from camera_registry.base.errors import InvalidError

LINE = Line("line", (0.1, 0.5), (0.9, 0.5))
ALL: tuple[AnyRule, ...] = (
    ZoneEnterRule("a", schedule=Schedule((Window(frozenset({"mon", "sat"}), "22:00", "05:00"),))),
    ZoneLeaveRule("b", labels=frozenset({"person", "car"})),
    LineCrossRule("c", line=LINE),
    DwellRule("d", zone=Zone("corner", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))),
    QueueRule("e", count_only=True),
    CrowdRule("f", above=3),
    StoppedRule("g"),
    WrongWayRule("h", allowed=LINE),
    LeftObjectRule("i"),
    TamperRule("j"),
)


def test_a_document_of_every_rule_is_read_back_as_it_was_written() -> None:
    book = Rulebook(ALL)
    assert decode_rules(encode_rules(book)) == book
    assert encode_rules(decode_rules(encode_rules(book))) == encode_rules(book)
    assert {rule.kind for rule in ALL} == {
        part["properties"]["kind"]["enum"][0]
        for part in json.loads(json_schema())["$defs"].values()
        if "kind" in part["properties"]
    }
    for rule in ALL:
        assert machine_of(rule).held_back == 0


def test_the_schema_that_is_checked_in_is_that_of_the_code() -> None:
    assert SCHEMA_PATH.read_bytes() == json_schema()


def test_default_document_is_the_whole_picture_with_one_rule() -> None:
    assert (
        decode_rules(b'{"rules":[{"kind":"zone_enter","id":"zone-enter"}]}') == default_rulebook()
    )


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "malformed|truncated"),
        (b"[]", "Expected object"),
        (b"\xff\xfe{}", "malformed"),
        (b"{}", "rules"),
        (b'{"rules":[]} x', "malformed"),
        (b'{"rules":[],"format":2}', "format"),
        (b'{"rules":[],"time_zone":"../../etc/passwd"}', "time zone"),
        (b'{"rules":[{"kind":"exec","id":"a"}]}', "'exec'|exec"),
        (b'{"rules":[{"kind":"dwell","id":"../a"}]}', "id"),
        (b'{"rules":[{"kind":"dwell","id":"a","x\\ny":1}]}', r"x\?y"),
        (b'{"rules":[{"kind":"dwell","id":"a","after_s":1e999}]}', "after_s|out of range"),
        (b'{"rules":[{"kind":"dwell","id":"a","after_s":NaN}]}', "malformed"),
        (b'{"rules":[{"kind":"dwell","id":"a","after_s":"1"}]}', "after_s"),
        (b'{"rules":[{"kind":"dwell","id":"a"},{"kind":"crowd","id":"a"}]}', "same id"),
        (
            b'{"rules":[{"kind":"dwell","id":"a","zone":{"id":"z","points":[[0,0],[1,1],[2,0]]}}]}',
            "points",
        ),
        (
            b'{"rules":[{"kind":"dwell","id":"a","zone":{"id":"z","points":[[0,0],[1,1],[0,0]]}}]}',
            "no area",
        ),
        (
            b'{"rules":[{"kind":"line_cross","id":"a","line":{"id":"l","a":[0,0],"b":[0,0]}}]}',
            "no length",
        ),
        (b'{"rules":' + b"[" * 30_000, "malformed|recursion|Expected|truncated"),
        (b'{"rules":[]}' + b" " * MAX_SIZE, "bytes long"),
        (
            json.dumps({"rules": [{"kind": "tamper", "id": f"r{n}"} for n in range(33)]}).encode(),
            "length <= 32",
        ),
    ],
)
def test_hostile_documents_get_one_clear_line(document: bytes, words: str) -> None:
    with pytest.raises(InvalidError, match=words) as refused:
        decode_rules(document)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(InvalidError):
        decode_rules(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["rules", "kind", "id", "zone", "points", "line", "a", "b", "after_s"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from([rule.kind for rule in ALL]), st.dictionaries(st.text(max_size=9), JSON), JSON
)
def test_any_json_is_read_or_refused_and_what_is_read_can_be_run(
    kind: str, fields: dict[str, object], zone: object
) -> None:
    rule = {"kind": kind, "id": "a", "zone": zone, **fields}
    data = msgspec.json.encode({"rules": [rule]})
    try:
        book = decode_rules(data)
    except InvalidError:
        return
    for one in book.rules:
        machine_of(one)


def test_versions_follow_the_document_that_changed_a_rule() -> None:
    first = revised(Rulebook(()), Rulebook(ALL), 1)
    assert {rule.version for rule in first.rules} == {1}
    changed = msgspec.structs.replace(ALL[3], after_s=5.0)
    second = revised(first, Rulebook((*ALL[:3], changed, *ALL[4:])), 2)
    assert [rule.version for rule in second.rules] == [1, 1, 1, 2, 1, 1, 1, 1, 1, 1]
    # another kind under an old id is another rule; nothing changed changes nothing
    other = revised(second, Rulebook((CrowdRule("a"),)), 3)
    assert [rule.version for rule in other.rules] == [3]
    assert revised(second, second, 9) == second


def test_no_number_of_a_rule_is_without_a_range() -> None:
    for rule in ALL:
        for name, value in msgspec.structs.asdict(rule).items():
            if isinstance(value, float):
                with pytest.raises(InvalidError, match=name):
                    msgspec.structs.replace(rule, **{name: float("nan")})
                with pytest.raises(InvalidError, match=name):
                    msgspec.structs.replace(rule, **{name: 1e12})
