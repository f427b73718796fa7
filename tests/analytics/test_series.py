from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.series import MAX_KEYS, MINUTE_US, CountRecord, How, Series, roll_up

SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
VALUES = st.lists(
    st.tuples(st.integers(0, 3 * 86_400), st.integers(0, 9), st.sampled_from(["person", "car"])),
    max_size=60,
).map(sorted)


def collected(values: list[tuple[int, int, str]], how: How) -> list[CountRecord]:
    series = Series("rule", 3, "line", "line_cross")
    records: list[CountRecord] = []
    for second, value, label in values:
        at_us = second * 1_000_000
        records += series.drain(at_us)
        series.add(at_us, "m", value, how, label=label)
    return records + series.drain(None)


@given(VALUES)
def test_every_value_is_in_exactly_one_minute_and_in_its_hour_and_day(
    values: list[tuple[int, int, str]],
) -> None:
    for how in ("sum", "max", "mean"):
        minutes = collected(values, how)
        assert len({(r.start_us, r.label) for r in minutes}) == len(minutes)
        for record in minutes:
            mine = [
                value
                for second, value, label in values
                if second * 1_000_000 // MINUTE_US * MINUTE_US == record.start_us
                and label == record.label
            ]
            wanted = {"sum": sum(mine), "max": max(mine), "mean": sum(mine) / len(mine)}
            assert record.value == pytest.approx(wanted[how])
            assert record.weight == len(mine)
        hours = roll_up(minutes, "hour", SAIGON)
        assert sum(r.weight for r in hours) == len(values)
        straight, twice = roll_up(minutes, "day", SAIGON), roll_up(hours, "day", SAIGON)
        assert [(r.start_us, r.label, r.weight) for r in straight] == [
            (r.start_us, r.label, r.weight) for r in twice
        ]
        assert [r.value for r in straight] == pytest.approx([r.value for r in twice])


def test_day_is_that_of_the_city_and_as_long_as_it_was_there() -> None:
    (record,) = collected([(0, 5, "car")], "sum")
    at = datetime(2026, 3, 29, 23, 30, tzinfo=BERLIN)
    moved = [CountRecord(*_names(record), round(at.timestamp()) * 1_000_000, 60, 5.0, 1)]
    (day,) = roll_up(moved, "day", BERLIN)
    begin = datetime(2026, 3, 29, tzinfo=BERLIN)
    assert (day.start_us, day.seconds) == (round(begin.timestamp()) * 1_000_000, 23 * 3600)
    (day,) = roll_up(moved, "day", SAIGON)
    begin = datetime(2026, 3, 30, tzinfo=SAIGON)
    assert (day.start_us, day.seconds) == (round(begin.timestamp()) * 1_000_000, 24 * 3600)


def _names(record: CountRecord) -> tuple[str, int, str, str, str, str, str, How]:
    return (
        record.rule,
        record.rule_version,
        record.zone,
        record.kind,
        record.measure,
        record.direction,
        record.label,
        record.how,
    )


def test_labels_without_end_are_counted_together() -> None:
    values = [(1, 1, f"label-{index}") for index in range(MAX_KEYS + 50)]
    records = collected(values, "sum")
    assert len(records) == MAX_KEYS + 1
    assert {r.label: r.value for r in records}["other"] == 50
    assert sum(r.value for r in records) == len(values)
