"""The pure parts of the benchmarks of the gate."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.curve import plot
from benchmarks.ffmpeg_motion import HEIGHT, WIDTH, RunningMean
from benchmarks.numbers import line
from benchmarks.recall import Recall, Told, match, repeated
from ingest.packets import Packet, StreamInfo


@given(
    st.floats(-100, 100),
    st.floats(-10, 10),
    st.lists(st.integers(0, 200), min_size=2, max_size=20, unique=True),
)
def test_a_line_is_found_again(offset: float, slope: float, places: list[int]) -> None:
    found = line([(float(x), offset + slope * x) for x in places])
    assert found.offset == pytest.approx(offset, abs=1e-6)
    assert found.slope == pytest.approx(slope, abs=1e-6)


def test_a_line_says_how_well_it_fits() -> None:
    assert line([(0, 0), (1, 1), (2, 2)]).fit == pytest.approx(1)
    assert line([(0, 0), (1, 3), (2, 0)]).fit == pytest.approx(0)
    with pytest.raises(ValueError, match="two different x"):
        line([(1, 1), (1, 2)])


def test_events_are_matched_once_to_the_nearest() -> None:
    ungated = [Told(10, 10, 0.1), Told(10.5, 10.5, 0.1), Told(30, 30, 0.5), Told(50, 50, 0.1)]
    gated = [Told(10.4, 11, 0.1), Told(10.1, 10.2, 0.1), Told(30, 30.3, 0.9), Told(52, 52, 0.1)]
    assert match(gated, ungated) == [(gated[1], ungated[0]), (gated[0], ungated[1])]
    assert match([], ungated) == []


def test_recall_is_of_the_ungated_events() -> None:
    assert Recall(4, 3, 1, (), 0.5).share == 0.75
    with pytest.raises(ValueError, match="events"):
        _ = Recall(0, 0, 0, (), 0.5).share


def test_repeated_packets_go_on_in_number_and_time() -> None:
    info = StreamInfo("h264", "avc1.64001F", 16, 16)
    clip = [Packet(1, n, n == 0, n * 40_000, n * 40_000, 0, b"x", info) for n in range(3)]
    found = list(repeated(clip, 2))
    assert [packet.seq for packet in found] == list(range(6))
    assert [packet.utc_us for packet in found] == [n * 40_000 for n in range(6)]
    assert [packet.keyframe for packet in found] == [n % 3 == 0 for n in range(6)]


def test_the_peer_sees_what_moves_and_nothing_else() -> None:
    motion = RunningMean()
    ground = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert motion.observe(ground) == []
    assert motion.observe(ground) == []
    moved = ground.copy()
    moved[60:100, 100:140] = 220
    [(x, y, w, h)] = motion.observe(moved)
    assert (abs(x - 100), abs(y - 60)) <= (4, 4)
    assert 40 <= w <= 46
    assert 40 <= h <= 46


def test_the_curve_is_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    plot([(1, 0.01), (10, 0.06), (100, 0.55)], 0.0055, 0.005, path)
    picture = cv2.imread(str(path))
    assert picture is not None
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 3
