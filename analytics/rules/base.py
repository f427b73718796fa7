"""What every rule is made of: what it gets, what it says, and the small states they share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.events import Box, Track
from analytics.geometry import Point, Polygon, foot
from analytics.rulebook.book import Rule, TrackRule, Zone
from analytics.series import CountRecord

WHOLE_BOX = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a rule gets of a frame: the tracks after it, its time of capture in UTC microseconds,
    the grey plane (height, width), None where nobody has one, and the picture's width over height.
    """

    tracks: Sequence[Track]
    at_us: int
    plane: NDArray[np.uint8] | None = None
    aspect: float = 16 / 9


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that came true in a frame: for one track, or for a place (``box``) without one.

    ``picture`` says whether a snapshot may leave the camera with it; ``measured`` are the values
    that made it (``wait_s``, ``occupancy``), with their unit in the name where they have one.
    """

    kind: str
    rule: str
    rule_version: int
    zone: str
    track: Track | None = None
    box: Box = WHOLE_BOX
    picture: bool = True
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """What rules said of a frame. ``held_back`` counts the hits that fell into a cool-down."""

    hits: list[Hit] = field(default_factory=list)
    counts: list[CountRecord] = field(default_factory=list)
    held_back: dict[str, int] = field(default_factory=dict)


class Machine(Protocol):
    """One rule at work on one camera. Deterministic: no clock, no I/O, bounded memory."""

    @property
    def held_back(self) -> int:
        """Hits that fell into a cool-down since the start."""
        ...

    def see(self, sight: Sight) -> list[Hit]:
        """Take one frame; return what came true in it."""
        ...

    def counts(self, at_us: int | None) -> list[CountRecord]:
        """Hand over the records of the minutes that closed before ``at_us``; None: of all."""
        ...

    def open_counts(self) -> list[CountRecord]:
        """Return the records of minutes that were not handed over, as they are now."""
        ...


class Uncounted:
    """The counts of a rule that keeps none: all that it says are events."""

    def counts(self, at_us: int | None) -> list[CountRecord]:
        """Return nothing."""
        return []

    def open_counts(self) -> list[CountRecord]:
        """Return nothing."""
        return []


class CoolDown:
    """Lets one hit through and holds the next ones back for a time; counts those."""

    def __init__(self, seconds: float) -> None:
        self._us = math.ceil(seconds * 1e6)
        self._last_us: int | None = None
        self.held_back = 0

    def allows(self, at_us: int) -> bool:
        """Say whether a hit at this time may be told, and remember it if so.

        A time before the last hit lets it through: the camera's clock was set back.
        """
        if self._last_us is not None and 0 <= at_us - self._last_us < self._us:
            self.held_back += 1
            return False
        self._last_us = at_us
        return True


class Alarm:
    """True for long enough raises it; false for long enough clears it."""

    def __init__(self, raise_s: float, clear_s: float) -> None:
        self._raise_us, self._clear_us = round(raise_s * 1e6), round(clear_s * 1e6)
        self._since_us: int | None = None
        self.raised = False

    def update(self, on: bool, at_us: int) -> bool:
        """Take the condition at a time; return True in the one moment it is raised."""
        if on == self.raised:
            self._since_us = None
            return False
        if self._since_us is None:
            self._since_us = at_us
        if at_us - self._since_us < (self._clear_us if self.raised else self._raise_us):
            return False
        self._since_us = None
        self.raised = on
        return on


class Qualifier:
    """Remembers which tracks have met a rule's demands; forgets those that are no more.

    A track that has once qualified stays so: a weak sighting later does not undo what it is.
    """

    def __init__(self, rule: TrackRule) -> None:
        self._rule = rule
        self._known: set[int] = set()

    def keep(self, tracks: Iterable[Track]) -> None:
        """Forget the tracks that are not among these."""
        self._known &= {track.id for track in tracks}

    def holds(self, track: Track) -> bool:
        """Say whether a track counts for the rule."""
        if track.id in self._known:
            return True
        if track.seen and qualifies(self._rule, track):
            self._known.add(track.id)
            return True
        return False

    def knows(self, ident: int) -> bool:
        """Say whether a track of this id has qualified."""
        return ident in self._known

    def adopt(self, track: Track) -> None:
        """Let a track count that is one which has qualified under another id."""
        self._known.add(track.id)


class Area:
    """A zone made ready for asking."""

    def __init__(self, zone: Zone) -> None:
        self.id = zone.id
        self.whole = zone.whole
        self._polygon: Polygon = zone.polygon

    def holds(self, point: Point, margin: float = 0.0) -> bool:
        """Say whether a point lies in the zone, or within ``margin`` of it."""
        if self.whole:
            return True
        polygon = self._polygon
        return polygon.contains(point) or (margin > 0 and polygon.distance(point) <= margin)

    def holds_foot(self, track: Track, margin: float = 0.0) -> bool:
        """Say whether a track stands in the zone, or within ``margin`` of it."""
        return self.holds(foot(track.box), margin)


def qualifies(rule: TrackRule, track: Track) -> bool:
    """Say whether a sighting meets what a rule demands of its tracks."""
    known = track.age_s >= rule.min_age_s and track.travel >= rule.min_travel
    return known and fits(rule, track)


def fits(rule: TrackRule, track: Track) -> bool:
    """Say whether a sighting is what a rule goes by, however new its track is."""
    return (
        track.confirmed
        and track.box.w * track.box.h >= rule.min_size
        and track.score >= rule.min_score
        and (not rule.labels or track.label in rule.labels)
    )


def track_hit(kind: str, rule: Rule, zone: str, track: Track, **measured: float) -> Hit:
    """Make the hit of a rule for one track."""
    return Hit(kind, rule.id, rule.version, zone, track, measured=_rounded(measured))


def place_hit(
    kind: str, rule: Rule, zone: str, box: Box, *, picture: bool = True, **measured: float
) -> Hit:
    """Make the hit of a rule for a place, with no track."""
    values = _rounded(measured)
    return Hit(kind, rule.id, rule.version, zone, None, box, picture=picture, measured=values)


def _rounded(measured: Mapping[str, float]) -> Mapping[str, float]:
    return {name: round(float(value), 3) for name, value in measured.items()}


def bounds(zone: Zone) -> Box:
    """The smallest box around a zone."""
    xs, ys = [x for x, _ in zone.points], [y for _, y in zone.points]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
