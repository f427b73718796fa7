from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.rulebook.schedule import DAYS, Schedule, Window, minutes, time_zone
from camera_registry.base.errors import InvalidError

SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY = datetime(2026, 3, 2, tzinfo=SAIGON)
CLOCKS = st.integers(0, 1439).map(lambda m: f"{m // 60:02}:{m % 60:02}")


def us(at: datetime) -> int:
    return round(at.timestamp()) * 1_000_000


def schedule(start: str, end: str, *days: str) -> Schedule:
    return Schedule((Window(frozenset(days), start, end),))  # type: ignore[arg-type]


def test_window_holds_from_its_start_until_before_its_end_on_local_time() -> None:
    office = schedule("07:30", "17:00", "mon")
    times = {"07:29": False, "07:30": True, "16:59": True, "17:00": False}
    for clock, holds in times.items():
        at = MONDAY + timedelta(minutes=minutes(clock))
        assert office.holds(us(at), SAIGON) is holds
        assert office.holds(us(at + timedelta(days=1)), SAIGON) is False
    # half past seven in Saigon is half past midnight in UTC
    assert office.holds(us(datetime(2026, 3, 2, 0, 30, tzinfo=UTC)), SAIGON)


def test_window_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    night = schedule("22:00", "05:00", "sun")
    assert night.holds(us(MONDAY - timedelta(hours=1)), SAIGON)
    assert night.holds(us(MONDAY + timedelta(hours=4)), SAIGON)
    assert not night.holds(us(MONDAY + timedelta(hours=5)), SAIGON)
    assert not night.holds(us(MONDAY + timedelta(hours=23)), SAIGON)


@given(CLOCKS, CLOCKS, st.sets(st.sampled_from(DAYS), min_size=1), st.integers(0, 10_079))
def test_a_window_and_its_complement_share_the_week(
    start: str, end: str, days: set[str], at: int
) -> None:
    if start == end:
        with pytest.raises(InvalidError):
            schedule(start, end, *days)
        return
    moment = us(MONDAY + timedelta(minutes=at))
    one, other = schedule(start, end, *DAYS), schedule(end, start, *DAYS)
    assert one.holds(moment, SAIGON) != other.holds(moment, SAIGON)
    # on some days only: the days add up
    part, rest = schedule(start, end, *days), set(DAYS) - days
    assert one.holds(moment, SAIGON) == (
        part.holds(moment, SAIGON)
        or (bool(rest) and schedule(start, end, *rest).holds(moment, SAIGON))
    )


@given(st.text(max_size=8))
def test_any_text_is_a_time_of_day_or_is_refused(text: str) -> None:
    try:
        value = minutes(text)
    except InvalidError:
        return
    assert f"{value // 60:02}:{value % 60:02}" == text


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "a\0b", "/etc/localtime"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(InvalidError):
        time_zone(name)


def test_windows_are_checked_when_they_are_read() -> None:
    for wrong in (
        b'{"days":[],"start":"07:00","end":"08:00"}',
        b'{"days":["mon"],"start":"7:00","end":"08:00"}',
        b'{"days":["mon"],"start":"24:00","end":"08:00"}',
        b'{"days":["mon"],"start":"07:00","end":"24:01"}',
        b'{"days":["today"],"start":"07:00","end":"24:00"}',
    ):
        with pytest.raises((InvalidError, msgspec.ValidationError)):
            msgspec.json.decode(wrong, type=Window)
    whole = msgspec.json.decode(b'{"days":["mon"],"start":"00:00","end":"24:00"}', type=Window)
    assert all(whole.holds(0, minute) for minute in range(1440))
