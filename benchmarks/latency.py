"""Frame's arrival → event built, through a camera's pipeline, at 10, 50 and 80 % load of one core.

Cameras of traffic (720p25 over RTSP/TCP, the built-in detector, the gate off) run in this process
as a worker runs them, on one core. What a camera costs is measured first; then as many run as give
each load. Five strips of the picture are zones that tell of everyone who enters, so that there are
enough events to speak of a p99. It takes a minute and a half.

Example: python -m benchmarks.latency --seconds 5
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from analytics.events import EventMessage
from analytics.rulebook.book import Rulebook, Zone, ZoneEnterRule
from benchmarks import numbers
from benchmarks.accounting import cpu_seconds, pin, two_sides
from benchmarks.clip import long_clip
from benchmarks.fleet import Fleet, fleet
from benchmarks.progress import Progress
from benchmarks.report import Figure, Result, Run, finish, parser
from benchmarks.simulator import simulated

LOADS = (0.1, 0.5, 0.8)
_CALIBRATED_WITH = 4
_MOST = 48
_WARM_UP_S = 7.0
_STRIPS = 5
_FEW = 100


@dataclass(frozen=True, slots=True)
class Level:
    """What was found with some cameras: the core's load 0..1, and events' times in ms."""

    cameras: int
    load: float
    times_ms: list[float]


def strips(count: int) -> Rulebook:
    """Return rules that tell of every entry into each of ``count`` upright strips."""
    rules = []
    for number in range(count):
        left, right = number / count, (number + 1) / count
        corners = ((left, 0.0), (right, 0.0), (right, 1.0), (left, 1.0))
        zone = Zone(f"strip{number}", corners)
        rules.append(ZoneEnterRule(f"entry{number}", zone=zone, cool_down_s=0))
    return Rulebook(tuple(rules))


def times_ms(messages: Sequence[EventMessage]) -> list[float]:
    """Return arrival → built of each event in ms."""
    return [(one.event.emitted_us - one.event.arrival_us) / 1000 for one in messages]


def cameras_for(load: float, cost: float) -> int:
    """Return how many cameras of ``cost`` cores load one core so far."""
    return max(1, min(_MOST, round(load / cost)))


async def _observe(running: Fleet, seconds: float, windows: int) -> Level:
    await asyncio.sleep(_WARM_UP_S)
    before = len(running.events)
    found = await asyncio.to_thread(
        numbers.rates, lambda: [cpu_seconds([os.getpid()])], seconds=seconds, windows=windows
    )
    if running.failures:
        raise running.failures[0]
    load = numbers.medians(found)[0]
    return Level(len(running), load, times_ms(running.events[before:]))


async def observe(urls: Sequence[str], seconds: float, windows: int, say: Progress) -> list[Level]:
    """Find a camera's cost, then measure each load in turn with more of them."""
    levels: list[Level] = []
    say(f"what one of {_CALIBRATED_WITH} cameras costs")
    async with fleet(urls[:_CALIBRATED_WITH], gated=False, rulebook=strips(_STRIPS)) as running:
        first = await _observe(running, 4.0, 1)
        cost = first.load / len(running)
        for load in LOADS:
            count = cameras_for(load, cost)
            say(f"{count} cameras for {100 * load:.0f} % load: {windows} windows of {seconds:g} s")
            await running.shrink(count)
            for url in urls[len(running) : count]:
                await running.add(url)
            levels.append(await _observe(running, seconds, windows))
            cost = levels[-1].load / count
    return levels


def measure(run: Run, seconds: float, windows: int, say: Progress) -> Result:
    """Measure each load."""
    servers, mine = two_sides()
    with tempfile.TemporaryDirectory() as folder:
        say("the clip")
        clip = long_clip(Path(folder), 60)
        with simulated(clip, _MOST, servers) as (_, urls):
            pin(os.getpid(), mine)
            levels = asyncio.run(observe(urls, seconds, windows, say))
    figures: list[Figure] = []
    notes = [
        f"built-in detector, gate off, cores {sorted(mine)}; peer: the same at the lowest load",
        "arrival is when FFmpeg gives the picture out",
    ]
    rest: dict[float, float] = {}
    for wanted, level in zip(LOADS, levels, strict=True):
        name = f"{100 * wanted:.0f} % load"
        notes.append(
            f"{name}: {level.cameras} cameras took {100 * level.load:.0f} % of the core, "
            f"{len(level.times_ms)} events"
        )
        if not level.times_ms:
            notes.append(f"{name}: no event came, give it more --seconds")
            continue
        for share in (0.5, 0.99):
            value = numbers.percentile(level.times_ms, share)
            title = f"arrival to event p{100 * share:.0f}, {name}"
            figures.append(Figure(title, value, "ms", rest.get(share), "lowest load"))
            rest.setdefault(share, value)
        if len(level.times_ms) < _FEW:
            notes.append(f"{name}: fewer than {_FEW} events: p99 is the slowest of them")
    details = {
        "levels": [[level.cameras, level.load, level.times_ms] for level in levels],
        "columns": ["cameras", "load", "times_ms"],
    }
    return run.result(figures, notes, details)


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=5.0)
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    run, say = Run("latency"), Progress("latency")
    finish(measure(run, given.seconds, given.windows, say), given.json)


if __name__ == "__main__":
    main()
