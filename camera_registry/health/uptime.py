"""Uptime out of a history of states: pure sums over spans of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from camera_registry.health.model import DISABLED, HealthChange, Uptime

FLAPPING_FALLS = 5
"""A camera that fell this often within the last hour flaps: it is up, and nobody can rely on it."""
FLAPPING_US = 3_600_000_000


def uptime(changes: Iterable[HealthChange], since_us: int, until_us: int) -> Uptime:
    """Sum one camera's changes, in the order of their times, over a period.

    A change lasts until the next one begins; the last one until the end of the period. What lies
    before the first change is not known. A fall is the end of live within the period, unless the
    camera was switched off.
    """
    live_us = known_us = falls = 0
    before: HealthChange | None = None
    for change, end_us in _spans(list(changes), until_us):
        start = max(change.at_us, since_us)
        length = max(0, min(end_us, until_us) - start)
        if change.state != DISABLED:
            known_us += length
            live_us += length if change.alive else 0
        fell = before is not None and before.alive and not change.alive
        if fell and change.state != DISABLED and since_us <= change.at_us < until_us:
            falls += 1
        before = change
    return Uptime(live_us / 1e6, known_us / 1e6, falls)


def touching(
    changes: Iterable[HealthChange], since_us: int, until_us: int
) -> Sequence[HealthChange]:
    """Return those of the changes that lasted at some time of a period."""
    return [
        change
        for change in changes
        if change.at_us < until_us and (change.until_us is None or change.until_us > since_us)
    ]


def flapping(changes: Iterable[HealthChange], now_us: int) -> bool:
    """Say whether a camera keeps coming and going."""
    return uptime(changes, now_us - FLAPPING_US, now_us).falls >= FLAPPING_FALLS


def dead_since(changes: Sequence[HealthChange]) -> int | None:
    """Return when live ended, of changes in order; None while the camera lives or is switched off.

    Where it never lived in these changes, it is when the first of them began.
    """
    if not changes or changes[-1].alive or changes[-1].state == DISABLED:
        return None
    since = changes[-1].at_us
    for change in reversed(changes):
        if change.alive or change.state == DISABLED:
            return since
        since = change.at_us
    return since


def _spans(changes: Sequence[HealthChange], until_us: int) -> Iterable[tuple[HealthChange, int]]:
    ends = [change.at_us for change in changes[1:]]
    return zip(changes, [*ends, max(until_us, changes[-1].at_us if changes else 0)], strict=False)
