"""A dry run says what the camera's pipeline says."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from analytics.detectors.detector import MovingObjectDetector
from analytics.dry_run import DryRunLimits, DryRunProgress, dry_run, plain
from analytics.pool import AnalysisPool
from analytics.rulebook.book import (
    CrowdRule,
    Line,
    LineCrossRule,
    Rulebook,
    TamperRule,
    ZoneEnterRule,
)
from analytics.series import CountRecord
from tests.analytics.camera import Camera
from tests.analytics.clips import clip
from tests.analytics.scenes import Rect

BOOK = Rulebook(
    (
        ZoneEnterRule("in", cool_down_s=0),
        LineCrossRule("line", line=Line("middle", (0.5, 0.0), (0.5, 1.0))),
        CrowdRule("crowd", above=0, for_s=0, count_only=True),
        TamperRule("tamper", after_s=2, learn_s=3),
    )
)


def passing(seconds: float) -> list[Rect]:
    """Something crosses the picture from left to right after the background was learned."""
    return [(round(20 + (seconds - 3) * 60), 90, 30, 40)] if seconds > 3 else []


def test_events_are_those_of_the_pipeline() -> None:
    packets = clip(8.0, passing)
    run = dry_run(packets, BOOK, MovingObjectDetector())
    pool = AnalysisPool(1)
    try:
        camera = Camera(pool, MovingObjectDetector(), BOOK)
        camera.feed(packets)
    finally:
        pool.stop()
    assert camera.failures == []
    told = [(message.event.at_us, message.event.kind) for message in camera.events]
    assert told == [(at_us, hit.kind) for at_us, hit in run.hits]
    assert sorted(kind for _, kind in told) == ["crowd", "line_cross_left", "zone_enter"]
    crossings = [record for record in run.counts if record.measure == "crossings"]
    assert [(record.direction, record.value) for record in crossings] == [("left", 1)]
    # what is only counted leaves without a picture and names no track
    for message in camera.events:
        counted = message.event.kind == "crowd"
        assert (message.snapshot == b"") == counted
        assert (message.event.track_id == 0) == counted
    again = dry_run(packets, BOOK, MovingObjectDetector())
    assert (again.hits, again.counts) == (run.hits, run.counts)


def test_nothing_to_look_at_is_an_empty_result() -> None:
    run = dry_run([], BOOK, MovingObjectDetector())
    assert (run.frames, run.hits, run.counts) == (0, [], [])


def test_progress_is_told_by_the_second_and_a_cancelled_run_keeps_what_it_has() -> None:
    packets = clip(8.0, passing)
    told: list[DryRunProgress] = []
    whole = dry_run(packets, BOOK, MovingObjectDetector(), progress=told.append)
    seconds = [one.seconds for one in told]
    assert len(told) == 9
    assert seconds == sorted(seconds)
    assert (told[-1].frames, told[-1].hits) == (whole.frames, len(whole.hits))
    later: list[DryRunProgress] = []
    part = dry_run(
        packets,
        BOOK,
        MovingObjectDetector(),
        progress=later.append,
        cancelled=lambda: len(later) >= 6,
    )
    assert part.cut == "cancelled"
    assert 0 < part.frames < whole.frames
    assert part.hits == whole.hits[: len(part.hits)]
    assert later[-1].frames == part.frames


@pytest.mark.parametrize(
    ("limits", "cut"),
    [
        (DryRunLimits(seconds=4), "seconds"),
        (DryRunLimits(hits=1), "hits"),
        (DryRunLimits(), ""),
    ],
)
def test_a_run_is_bounded_and_says_what_cut_it(limits: DryRunLimits, cut: str) -> None:
    run = dry_run(clip(8.0, passing), BOOK, MovingObjectDetector(), limits=limits)
    assert run.cut == cut
    assert len(run.hits) <= limits.hits
    assert run.seconds <= min(limits.seconds, 8.0) + 0.2
    few = dry_run(clip(8.0, passing), BOOK, MovingObjectDetector(), limits=DryRunLimits(counts=2))
    assert len(few.counts) == 2


def test_a_result_is_plain_json() -> None:
    run = dry_run(clip(8.0, passing), BOOK, MovingObjectDetector())
    told = msgspec.json.decode(msgspec.json.encode(plain(run, BOOK)))
    assert [one["kind"] for one in told["events"]] == [hit.kind for _, hit in run.hits]
    (crowd,) = [one for one in told["events"] if one["kind"] == "crowd"]
    assert (crowd["measured"], crowd["track_id"]) == ({"occupancy": 1.0}, 0)
    crossings = [one for one in told["days"] if one["measure"] == "crossings"]
    assert [(one["value"], one["seconds"]) for one in crossings] == [(1.0, 86_400)]


def test_a_pipeline_that_stops_hands_over_the_minutes_that_are_open() -> None:
    packets = clip(8.0, passing)
    pool = AnalysisPool(1)
    try:
        camera = Camera(pool, MovingObjectDetector(), BOOK)
        batches: list[Sequence[CountRecord]] = []
        camera.pipeline._on_counts = batches.append
        camera.feed(packets)
        camera.pipeline.stop()
    finally:
        pool.stop()
    told = [record for batch in batches for record in batch]
    assert told == dry_run(packets, BOOK, MovingObjectDetector()).counts
    assert len(batches[-1]) > 0


def test_open_minutes_are_told_every_few_seconds_as_a_whole() -> None:
    """What a worker that is killed leaves behind: at most the last seconds are missing."""
    packets = clip(8.0, passing)
    pool = AnalysisPool(1)
    told: list[Sequence[CountRecord]] = []
    try:
        camera = Camera(pool, MovingObjectDetector(), BOOK)
        camera.pipeline._on_open_counts = told.append
        camera.feed(packets)
        ended: list[Sequence[CountRecord]] = []
        camera.pipeline._on_counts = ended.append
        camera.pipeline.stop()
    finally:
        pool.stop()
    assert len(told) >= 2

    def looked_ms(records: Sequence[CountRecord]) -> float:
        return sum(one.weight for one in records if one.how == "mean")

    # each holds all that the one before held; the end holds all
    looks = [looked_ms(records) for records in [*told, *ended]]
    assert looks == sorted(looks)
    assert looks[-1] - looks[-2] <= 5_200
    assert {one.measure for one in told[-1]} <= {one.measure for one in ended[-1]}
