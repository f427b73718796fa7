"""When a rule holds: windows of the week on the clock of the city. Values only, no clock."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from camera_registry.base.errors import InvalidError

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
Clock = Annotated[str, Meta(pattern=_CLOCK, description="Local time, HH:MM, up to 24:00")]


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """From ``start`` until before ``end`` on each of ``days``.

    Where ``end`` is not after ``start`` the window goes on past midnight into the next day;
    ``days`` are those it begins on. Raises InvalidError where it has no day or no length.
    """

    days: Annotated[frozenset[Day], Meta(min_length=1)]
    start: Clock
    end: Clock

    def __post_init__(self) -> None:
        if not self.days or not self.days <= set(DAYS):
            raise InvalidError(
                "a window of a schedule needs days", hint=", ".join(DAYS), code="schedule"
            )
        if minutes(self.start) == minutes(self.end) or self.start == "24:00":
            raise InvalidError(
                f"the window from {self.start} to {self.end} has no length",
                hint="a whole day is 00:00 to 24:00",
                code="schedule",
            )

    def holds(self, day: int, minute: int) -> bool:
        """Say whether it holds at a minute of a day (0 is Monday)."""
        start, end = minutes(self.start), minutes(self.end)
        if start < end:
            return DAYS[day] in self.days and start <= minute < end
        before = DAYS[(day - 1) % 7]
        return (DAYS[day] in self.days and minute >= start) or (
            before in self.days and minute < end
        )


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule holds in any of its windows."""

    windows: Annotated[tuple[Window, ...], Meta(min_length=1, max_length=64)]

    def holds(self, at_us: int, zone: ZoneInfo) -> bool:
        """Say whether it holds at a time, UTC microseconds, on the clock of ``zone``."""
        local = datetime.fromtimestamp(at_us // 1_000_000, zone)
        minute = local.hour * 60 + local.minute
        return any(window.holds(local.weekday(), minute) for window in self.windows)


@lru_cache(maxsize=512)
def minutes(clock: str) -> int:
    """Minutes since midnight of ``HH:MM``. Raises InvalidError where it is no such time."""
    hours, _, rest = clock.partition(":")
    if len(hours) == len(rest) == 2 and hours.isdecimal() and rest.isdecimal():
        value = int(hours) * 60 + int(rest)
        if int(rest) < 60 and value <= 24 * 60:
            return value
    raise InvalidError(f"{clock[:20]!r} is no time of day", hint="HH:MM", code="schedule")


def time_zone(name: str) -> ZoneInfo:
    """Return a zone of the IANA database. Raises InvalidError where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidError(
            f"{name[:60]!r} is no time zone", hint="for example Asia/Ho_Chi_Minh", code="time_zone"
        ) from None
