"""The parts of the benchmarks busy_density and latency that are arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.events import Box, Event, EventMessage
from benchmarks.busy_density import Load, load_of
from benchmarks.ffmpeg_detector import PipedPicture, PipeFormat, command
from benchmarks.latency import cameras_for, strips, times_ms


def event(arrival_us: int, emitted_us: int) -> EventMessage:
    made = Event(
        id="e",
        kind="zone_enter",
        camera_id="c",
        unit_code="26734",
        at_us=0,
        arrival_us=arrival_us,
        emitted_us=emitted_us,
        rule="r",
        rule_version=1,
        zone="",
        track_id=1,
        label="",
        score=1.0,
        box=Box(0.0, 0.0, 1.0, 1.0),
        model="m",
        worker="w",
    )
    return EventMessage(made, b"")


def test_a_load_is_the_median_of_its_windows() -> None:
    load = load_of([[0.4, 20.0], [0.5, 30.0], [0.9, 31.0]], 6)
    assert load == Load(6, 0.5, 1.0)
    assert load.per_core == 12.0


def test_the_planes_of_a_pipe_are_green_blue_red() -> None:
    planes = np.arange(3 * 2 * 4, dtype=np.uint8).reshape(3, 2, 4)
    picture = PipedPicture(planes)
    red, green, blue = picture.rgb_planes(4, 2)
    assert (green[0, 0], blue[0, 0], red[0, 0]) == (0, 8, 16)
    with pytest.raises(ValueError, match="4x2"):
        picture.rgb_planes(8, 2)


def test_the_pipe_has_the_size_and_pixels_of_the_model() -> None:
    given = command("rtsp://127.0.0.1/a", PipeFormat(352, 300, "gbrp"))
    assert "fps=5,scale=352:300:flags=bilinear,format=gbrp" in given
    assert PipeFormat(1, 1, "gbrp").planes == 3
    assert PipeFormat(1, 1, "gray").planes == 1


def test_cameras_are_as_many_as_give_the_load() -> None:
    assert cameras_for(0.5, 0.05) == 10
    assert cameras_for(0.1, 0.9) == 1
    assert cameras_for(0.8, 0.0001) == 48


def test_strips_cover_the_picture_side_by_side() -> None:
    rules = strips(4).rules
    edges = [rule.zone.points[0][0] for rule in rules if hasattr(rule, "zone") and rule.zone]
    assert edges == [0.0, 0.25, 0.5, 0.75]


def test_times_are_from_arrival_to_built() -> None:
    assert times_ms([event(1_000, 3_500)]) == [2.5]
