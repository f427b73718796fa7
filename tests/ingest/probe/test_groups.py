"""What sizes and times of pictures say, on streams of which the truth is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.probe.bitstream import profile_name
from ingest.probe.groups import Groups


def stream(sizes: list[list[int]], *, frame_us: int = 40_000, order: str = "IP") -> Groups:
    groups = Groups()
    at = 0
    for gop in sizes:
        for index, size in enumerate(gop):
            shown = at
            if order == "IBP" and index:
                shown = at + (frame_us if index % 2 else -frame_us)
            groups.add(size, keyframe=index == 0, pts_us=shown)
            at += frame_us
    return groups


def test_rate_groups_and_bit_rate_of_a_regular_stream() -> None:
    groups = stream([[10_000] + [1000] * 49] * 4)
    assert groups.fps(99.0) == pytest.approx(25.0)
    assert (groups.whole, groups.mean_frames, groups.mean_s) == (3, 50.0, 2.0)
    assert groups.longest_s == 2.0
    assert groups.kbps(99.0) == pytest.approx(59_000 * 8 / 1000 / 2.0)
    assert not groups.reordered


def test_pictures_shown_before_earlier_ones_are_b_pictures() -> None:
    assert stream([[100] * 12] * 2, order="IBP").reordered


@pytest.mark.parametrize(
    ("gops", "said"),
    [
        ([[9000] + [1000] * 24] * 5, "constant"),
        ([[9000] + [900 + 300 * n] * 24 for n in range(5)], "variable"),
        ([[90_000] + [300] * 24] * 5, "variable"),  # at rest, next to nothing between keyframes
        ([[9000] + [1000] * 24] * 2, "unknown"),  # one whole group says nothing
        ([[9000]] * 30, "unknown"),  # all keyframes
    ],
)
def test_rate_control(gops: list[list[int]], said: str) -> None:
    assert stream(gops).rate_control() == said


def test_first_pictures_without_time_stamps_do_not_count() -> None:
    groups = Groups()
    for index in range(53):
        stamp = None if index < 3 else index * 40_000
        groups.add(1000, keyframe=index % 25 == 0, pts_us=stamp)
    assert groups.fps(99.0) == pytest.approx(25.0)


def test_without_time_stamps_arrival_counts() -> None:
    groups = Groups()
    for index in range(51):
        groups.add(1000, keyframe=index % 25 == 0, pts_us=None)
    assert groups.fps(2.0) == 25.0
    assert groups.kbps(2.0) == pytest.approx(51 * 8 / 2)
    assert groups.mean_s == 0.0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**24),
            st.booleans(),
            st.one_of(st.none(), st.integers(-(2**62), 2**62)),
        ),
        max_size=60,
    ),
    st.floats(0, 1e6),
)
def test_nothing_a_camera_sends_raises(
    pictures: list[tuple[int, bool, int | None]], arrived_s: float
) -> None:
    groups = Groups()
    for size, keyframe, pts_us in pictures:
        groups.add(size, keyframe=keyframe, pts_us=pts_us)
    values = (
        groups.fps(arrived_s),
        groups.kbps(arrived_s),
        groups.mean_s,
        groups.longest_s,
        groups.variation,
    )
    assert all(value == value for value in values)
    assert groups.rate_control() in ("variable", "constant", "unknown")


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("avc1.64001F", "High 3.1"),
        ("avc1.42E01E", "Constrained Baseline 3.0"),
        ("avc1.42001E", "Baseline 3.0"),
        ("avc1.990028", "profile 153 4.0"),
        ("hev1.1.6.L93.B0", "Main 3.1"),
        ("hev1.2.4.L120.B0", "Main 10 4.0"),
        ("", ""),
        ("avc1.zzzzzz", ""),
        ("hev1", ""),
    ],
)
def test_profile_names(codec: str, name: str) -> None:
    assert profile_name(codec) == name
