"""The small readers inside the benchmarks."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.accounting import cpu_seconds, memory_mib, pin, two_sides
from benchmarks.browser import HEADER, hub_times
from benchmarks.clients import control_url
from benchmarks.clip import long_clip
from benchmarks.events import split_times
from benchmarks.machine import describe, processor_identity, processor_name, version_of
from ingest.simulator.clip import read_clip

CPUINFO = "processor\t: 0\ncpu family\t: 6\nmodel\t\t: 167\nmodel name\t: Some  Core 9\nflags: x\n"


def test_the_processor_is_named() -> None:
    assert processor_name(CPUINFO) == "Some Core 9"
    assert processor_identity(CPUINFO) == "family 6 model 167"
    assert processor_name("") == "unknown processor"
    assert processor_identity("") == "unknown family"


def test_the_machine_is_one_line() -> None:
    line = describe()
    assert f"{os.cpu_count()} cores" in line
    assert "\n" not in line


def test_a_version_is_the_first_line_and_a_missing_tool_has_none() -> None:
    assert version_of(["sh", "-c", "echo one; echo two"]) == "one"
    assert version_of(["sh", "-c", "true"]) == ""
    assert version_of(["no-such-tool-anywhere"]) == ""


def test_an_event_is_split_where_its_times_are() -> None:
    event = {
        "arrived_at": "2026-01-31T08:00:00.000000Z",
        "emitted_at": "2026-01-31T08:00:00.020000Z",
        "recorded_at": "2026-01-31T08:00:00.050500Z",
    }
    received_us = 1_769_846_400_000_000 + 60_000
    assert split_times(event, received_us) == [60.0, 20.0, 30.5, 9.5]


def test_the_times_of_a_live_header() -> None:
    header = HEADER.pack(1, 1, 0, 7, 1_000_000, 2_000_000, 2_004_500)
    assert HEADER.size == 32
    assert hub_times(header + b"annex b", 2_006_000) == (4.5, 6.0)


@pytest.mark.parametrize(
    ("base", "control", "expected"),
    [
        ("rtsp://h:1/cam/", "trackID=0", "rtsp://h:1/cam/trackID=0"),
        ("rtsp://h:1/cam", "stream=0", "rtsp://h:1/cam/stream=0"),
    ],
)
def test_the_address_of_the_video(base: str, control: str, expected: str) -> None:
    sdp = f"v=0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=control:{control}\r\n"
    assert control_url(sdp, base) == expected


def test_a_description_without_control_is_refused() -> None:
    with pytest.raises(ValueError, match="control"):
        control_url("v=0\r\nm=video 0 RTP/AVP 96\r\n", "rtsp://h/")


def test_accounting_reads_this_process() -> None:
    assert cpu_seconds([os.getpid()]) > 0
    rss, uss = memory_mib(os.getpid())
    assert rss >= uss > 1


def test_the_sides_cover_the_cores_and_pinning_keeps_to_them() -> None:
    before = os.sched_getaffinity(0)
    one, other = two_sides()
    assert one | other == before
    assert one
    assert other
    try:
        pin(os.getpid(), one)
        assert os.sched_getaffinity(0) == one
    finally:
        pin(os.getpid(), before)


def test_a_long_clip_repeats_without_a_gap(tmp_path: Path) -> None:
    made = long_clip(tmp_path, 25)
    assert made.seconds >= 25
    clip = read_clip(made.path)
    stamps = [unit.pts for unit in clip.units]
    assert len(stamps) == round(made.seconds * 25)
    assert {b - a for a, b in pairwise(stamps)} == {3600}
    assert made.mbit_s > 0.2
