"""Who stands still for minutes, through the real built-in model: held, told, and let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice

import cv2
import numpy as np
import pytest

from analytics.detector import Look, MovingObjectDetector
from analytics.events import Detection
from analytics.rulebook import QueueRule, Rulebook, Zone
from analytics.rules.base import Hit, Sight
from analytics.rules.engine import RuleEngine
from analytics.series import CountRecord
from analytics.standing import Standing, StandingConfig
from analytics.tracker import Tracker
from ingest.simulator.scenes import SceneSpec
from ingest.simulator.scenes.counter import counter_queue
from ingest.simulator.scenes.model import Actor, Pose
from ingest.simulator.scenes.rendering import Rendering
from ingest.simulator.scenes.truth import inside
from tests.analytics.scenes import Plane, Rect, planes

FPS, START_US, MINUTE_US = 5, 1_800_000_000_000_000 // 60_000_000 * 60_000_000, 60_000_000
AT_COUNTER = Zone("queue", ((0.33, 0.5), (0.74, 0.5), (0.74, 0.85), (0.33, 0.85)))
"""As somebody would draw it: around the people who wait, with room for their shadows."""
ALERT_S = 240.0
ROUND_S, SECONDS = 900.0, 540
"""Of the round the first nine minutes: three come, one is served and goes."""


def later(pose: Callable[[float], Pose | None], seconds: float) -> Callable[[float], Pose | None]:
    """Leave out whoever is there already when the clip begins, until they have gone once."""
    times = (index / FPS for index in range(int(seconds * FPS)))
    first = next(at for at in times if pose(at) is None)
    return lambda at: pose(at) if at >= first else None


def opening(seconds: float, seed: int) -> Rendering:
    """The counter from an empty hall on: visitors wait for minutes at their real pace."""
    spec = SceneSpec("counter_queue", 480, 270, FPS, seconds, seed)
    scene = counter_queue(spec)
    *visitors, clerk = scene.actors
    actors: list[Actor] = [replace(one, pose=later(one.pose, seconds)) for one in visitors]
    return Rendering(spec, replace(scene, actors=(*actors, clerk)))


@cache
def waited() -> tuple[list[tuple[float, Hit]], list[CountRecord], dict[int, tuple[float, int]]]:
    """Return hits by second, counts, and by minute the true longest wait and number waiting."""
    rendering = opening(ROUND_S, seed=1)
    camera, tracker = MovingObjectDetector().camera(), Tracker()
    engine = RuleEngine(Rulebook((QueueRule("queue", zone=AT_COUNTER, alert_s=ALERT_S),)))
    hits: list[tuple[float, Hit]] = []
    counts: list[CountRecord] = []
    for index, picture in enumerate(islice(rendering.pictures(), SECONDS * FPS)):
        plane = np.asarray(cv2.resize(picture[:270], (320, 180), interpolation=cv2.INTER_AREA))
        at_us = START_US + index * 1_000_000 // FPS
        found = camera.detect(Look(plane.astype(np.uint8), at_us, 16 / 9))
        tracker.use(camera.tracking)
        outcome = engine.update(Sight(tracker.update(found, at_us), at_us))
        hits += [(index / FPS, hit) for hit in outcome.hits]
        counts += outcome.counts
    frames = rendering.truth()["frames"]
    assert isinstance(frames, list)
    clerk = 7
    since: dict[int, int] = {}
    minutes: dict[int, tuple[float, int]] = {}
    for index, frame in enumerate(frames):
        here = {
            one["id"]
            for one in frame
            if one["id"] != clerk and inside(AT_COUNTER.points, tuple(one["foot"]))
        }
        since = {ident: since.get(ident, index) for ident in here}
        longest = max((index - begin for begin in since.values()), default=0) / FPS
        minute = index // (60 * FPS)
        known = minutes.get(minute, (0.0, 0))
        minutes[minute] = max(known[0], longest), max(known[1], len(here))
    return hits, counts, minutes


def test_longest_wait_of_people_who_stand_for_minutes_is_right_within_a_second() -> None:
    _, counts, truth = waited()
    told = {
        (record.start_us - START_US) // MINUTE_US: record.value
        for record in counts
        if (record.measure, record.how) == ("longest_wait_s", "max")
    }
    assert sorted(told) == list(range(SECONDS // 60 - 1))
    for minute, longest in told.items():
        assert longest == pytest.approx(truth[minute][0], abs=1.0), minute
    assert max(told.values()) > 390


def test_queue_alerts_when_the_first_has_waited_for_long_and_says_how_long() -> None:
    hits, counts, _ = waited()
    at, hit = hits[0]
    assert at == pytest.approx(292.0, abs=2.0)  # in at 51.4, and four minutes more
    assert hit.measured["wait_s"] == pytest.approx(ALERT_S, abs=0.5)
    assert hit.measured["waiting"] == 2
    ended = [record.value for record in counts if (record.measure, record.how) == ("wait_s", "max")]
    assert ended[0] == pytest.approx(396.8, abs=1.0)


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
