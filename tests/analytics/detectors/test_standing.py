"""Who stands still for minutes, through the real built-in model: held, told, and let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from analytics.detectors.detector import Look, MovingObjectDetector
from analytics.detectors.standing import Standing, StandingConfig
from analytics.events import Detection
from analytics.rulebook.book import QueueRule, Rulebook, Zone
from analytics.rules.base import Hit, Sight
from analytics.rules.engine import RuleEngine
from analytics.series import CountRecord
from analytics.tracking.tracker import Tracker
from ingest.simulator.scenes import SceneSpec
from ingest.simulator.scenes.counter import counter_queue
from ingest.simulator.scenes.model import Pose
from ingest.simulator.scenes.rendering import Rendering
from ingest.simulator.scenes.truth import inside
from tests.analytics.scenes import Plane, Rect, planes

FPS, START_US, MINUTE_US = 5, 1_800_000_000_000_000 // 60_000_000 * 60_000_000, 60_000_000
AT_COUNTER = Zone("queue", ((0.33, 0.5), (0.74, 0.5), (0.74, 0.85), (0.33, 0.85)))
"""As somebody would draw it: around the people who wait, with room for their shadows."""
WIDTH, HEIGHT = 320, 180
"""The plane of the analysis: nothing is scaled."""

Walk = Callable[[float], Pose | None]


@dataclass(frozen=True)
class Opening:
    """The counter from an empty hall on: visitors who wait for minutes at their real pace.

    Five looks a second while somebody walks, one in two seconds while all only shift from foot to
    foot, as a camera at rest is looked at.
    ``round_s`` is the time in which six are served, ``seconds`` how much of it is shown.
    """

    round_s: float
    seconds: int
    seed: int


@dataclass(frozen=True)
class Waited:
    """Hits by second, counts, and by minute the true longest wait and number waiting; ``ended`` are
    the true waits of those who were served.
    """

    hits: list[tuple[float, Hit]]
    counts: list[CountRecord]
    truth: dict[int, tuple[float, int]]
    ended: list[float]

    def by_minute(self, measure: str, how: str) -> dict[int, float]:
        return {
            (record.start_us - START_US) // MINUTE_US: record.value
            for record in self.counts
            if (record.measure, record.how) == (measure, how)
        }


def later(pose: Walk, seconds: float) -> Walk:
    """Leave out whoever is there already when the clip begins, until they have gone once."""
    times = (index / FPS for index in range(int(seconds * FPS)))
    first = next(at for at in times if pose(at) is None)
    return lambda at: pose(at) if at >= first else None


def looked_at(poses: Sequence[Walk], seconds: int) -> list[float]:
    """Return the times of the looks: all within seconds of a step, else one in two seconds."""

    def walks(at: float) -> bool:
        for pose in poses:
            now, then = pose(at), pose(at + 2 / FPS)
            if (now is None) != (then is None):
                return True
            if now is not None and then is not None and abs(now.x - then.x) > 0.1:
                return True
        return False

    steps = [walks(index / FPS) for index in range(seconds * FPS)]
    return [
        index / FPS
        for index in range(seconds * FPS)
        if index % (2 * FPS) == 0 or index < 5 * FPS or any(steps[max(0, index - 15) : index + 20])
    ]


@cache
def waited(opening: Opening) -> Waited:
    spec = SceneSpec("counter_queue", WIDTH, HEIGHT, FPS, opening.round_s, opening.seed)
    scene = counter_queue(spec)
    *visitors, clerk = scene.actors
    poses = [later(one.pose, opening.round_s) for one in visitors]
    times = looked_at(poses, opening.seconds)

    def shown(pose: Walk) -> Walk:
        return lambda at: pose(times[round(at * FPS)])

    actors = [replace(one, pose=shown(pose)) for one, pose in zip(visitors, poses, strict=True)]
    rendering = Rendering(
        replace(spec, seconds=len(times) / FPS), replace(scene, actors=(*actors, clerk))
    )
    camera, tracker = MovingObjectDetector().camera(), Tracker()
    engine = RuleEngine(Rulebook((QueueRule("queue", zone=AT_COUNTER),)))
    hits: list[tuple[float, Hit]] = []
    counts: list[CountRecord] = []
    for at, picture in zip(times, rendering.pictures(), strict=True):
        at_us = START_US + round(at * 1e6)
        found = camera.detect(Look(picture[:HEIGHT], at_us, 16 / 9))
        tracker.use(camera.tracking)
        outcome = engine.update(Sight(tracker.update(found, at_us), at_us))
        hits += [(at, hit) for hit in outcome.hits]
        counts += outcome.counts
    return Waited(hits, counts, *true_waits(times, rendering.truth()["frames"], clerk.id))


def true_waits(
    times: Sequence[float], frames: Any, clerk: int
) -> tuple[dict[int, tuple[float, int]], list[float]]:
    since: dict[int, float] = {}
    minutes: dict[int, tuple[float, int]] = {}
    ended: list[float] = []
    for at, frame in zip(times, frames, strict=True):
        here = {
            one["id"]
            for one in frame
            if one["id"] != clerk and inside(AT_COUNTER.points, tuple(one["foot"]))
        }
        ended += [at - begin for ident, begin in since.items() if ident not in here]
        since = {ident: since.get(ident, at) for ident in here}
        longest = max((at - begin for begin in since.values()), default=0.0)
        known = minutes.get(int(at // 60), (0.0, 0))
        minutes[int(at // 60)] = max(known[0], longest), max(known[1], len(here))
    return minutes, ended


LONG = Opening(round_s=2160, seconds=1130, seed=1)
"""Three come, the first waits for more than a quarter of an hour, is served and goes."""


def test_waits_of_people_who_stand_for_a_quarter_of_an_hour_are_right_within_a_second() -> None:
    seen = waited(LONG)
    longest = seen.by_minute("longest_wait_s", "max")
    assert set(longest) >= set(range(LONG.seconds // 60 - 1))
    for minute, value in longest.items():
        assert value == pytest.approx(seen.truth[minute][0], abs=1.0), minute
    waiting = seen.by_minute("waiting", "max")
    more = [number - seen.truth[minute][1] for minute, number in waiting.items()]
    assert sorted(more)[:-1] == [0] * (len(more) - 1)
    assert max(more) <= 1  # for some seconds, as the queue moves up
    assert max(longest.values()) > 930
    told = seen.by_minute("wait_s", "max")
    assert list(told.values()) == [pytest.approx(seen.ended[0], abs=1.0)]


def test_queue_alerts_by_default_after_a_quarter_of_an_hour_and_says_how_long() -> None:
    seen = waited(LONG)
    ((at, hit),) = seen.hits
    arrived = next(m * 60 + 60 - v for m, (v, _) in sorted(seen.truth.items()) if v > 0)
    assert hit.kind == "queue_wait"
    assert at == pytest.approx(arrived + 900, abs=2.0)
    assert hit.measured["wait_s"] == pytest.approx(900, abs=1.0)
    assert hit.measured["waiting"] == 3


def test_people_who_move_up_and_rest_as_one_blob_are_counted_one_by_one() -> None:
    seen = waited(Opening(round_s=900, seconds=610, seed=2))
    longest, waiting = seen.by_minute("longest_wait_s", "max"), seen.by_minute("waiting", "max")
    assert len(seen.ended) == 2
    for minute, (wait, number) in list(seen.truth.items())[:-1]:
        assert longest[minute] == pytest.approx(wait, abs=1.0), minute
        assert waiting[minute] == number, minute
    told = seen.by_minute("wait_s", "max")
    assert list(told.values()) == [pytest.approx(wait, abs=1.0) for wait in seen.ended]


def look_at(shown: Iterator[tuple[Plane, int]]) -> list[list[Detection]]:
    camera = MovingObjectDetector().camera()
    return [camera.detect(Look(plane, at_us, 16 / 9)) for plane, at_us in shown]


def test_who_rests_is_told_apart_from_who_passes_in_front() -> None:
    def rects(index: int) -> list[Rect]:
        stands = [(140, 60, 20, 60)] if index >= 15 else []
        walks = [(4 * (index - 150), 90, 14, 44)] if 150 <= index < 230 else []
        return stands + walks

    found = look_at(planes(300, rects))
    # for a few looks in front of one another they may be one
    apart = [one for index, one in enumerate(found) if 155 <= index < 180 or 195 <= index < 225]
    assert sum(len(one) == 2 for one in apart) >= 0.9 * len(apart)
    for index in (100, 140, 250, 299):
        (one,) = found[index]
        assert one.box.x * 320 == pytest.approx(140, abs=6)
        assert one.score >= 0.35


def test_two_who_come_to_rest_side_by_side_are_told_one_by_one_and_end_one_by_one() -> None:
    def rects(index: int) -> list[Rect]:
        if index < 15:
            return []
        left, right = (140, 60, 20, 60), (176, 60, 20, 60)
        shadow = (150, 116, 34, 4)  # joins them to one blob
        walks = (176 + 4 * max(0, index - 200), 60, 20, 60)
        return [left, right, shadow] if index < 200 else [left, walks]

    found = look_at(planes(300, rects))
    assert all(len(one) == 2 for one in found[60:195])
    edges = sorted(round(one.box.x * 320) for one in found[100])
    assert edges == [pytest.approx(140, abs=9), pytest.approx(176, abs=9)]
    for index in (260, 299):
        (one,) = found[index]
        assert one.box.x * 320 == pytest.approx(140, abs=6)


def test_what_is_wide_or_has_no_gap_is_one() -> None:
    wide: list[Rect] = [(116, 80, 40, 30), (172, 80, 40, 30), (150, 106, 30, 4)]
    whole: list[Rect] = [(140, 60, 48, 60)]
    for shape in (wide, whole):
        found = look_at(planes(120, lambda index, shape=shape: shape if index >= 15 else []))  # type: ignore[misc]
        assert all(len(one) == 1 for one in found[60:])


def test_who_goes_is_not_told_any_more_and_leaves_no_ghost() -> None:
    def rects(index: int) -> list[Rect]:
        if index < 15:
            return []
        return [(140 + 4 * max(0, index - 200), 60, 20, 60)]

    found = look_at(planes(300, rects))
    assert all(len(one) == 1 for one in found[40:200])
    for index in range(215, 235):
        (one,) = found[index]
        assert one.box.x * 320 > 170
        assert (one.box.x + one.box.w) * 320 == pytest.approx(160 + 4 * (index - 200), abs=8)
    assert found[260:] == [[]] * 40


def test_light_that_changes_does_not_end_a_rest() -> None:
    found = look_at(
        planes(
            500,
            lambda index: [(140, 60, 20, 60)] if index >= 15 else [],
            light=lambda index: -0.06 * max(0, index - 50),
        )
    )
    assert all(len(one) == 1 for one in found[40:])


def test_what_is_held_is_bounded() -> None:
    def rects(index: int) -> list[Rect]:
        return [(20 + 70 * (n % 4), 20 + 80 * (n // 4), 16, 40) for n in range(min(8, index // 10))]

    camera = MovingObjectDetector().camera()
    standing = Standing(StandingConfig(max_holds=4))
    camera._standing = standing  # type: ignore[attr-defined]
    for plane, at_us in planes(150, rects):
        camera.detect(Look(plane, at_us, 16 / 9))
        assert standing.resting <= 4
    assert standing.resting == 4
