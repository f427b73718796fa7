"""The opening burst: what is held, for how long, and the times that come of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.bitstream.access_unit import AccessUnit
from ingest.bitstream.opening import Arrived, OpeningBurst
from ingest.packets import StreamInfo
from ingest.timeline import Timeline

INFO = StreamInfo("h264", "avc1.42C01E", 640, 360)
T0 = 1_700_000_000_000_000


def unit(dts_us: int | None, pts_us: int | None = None) -> AccessUnit:
    return AccessUnit(b"x", False, dts_us if pts_us is None else pts_us, dts_us, INFO)


def utc_of(units: list[tuple[AccessUnit, int]]) -> list[int]:
    """The capture times that a session gives to units and their arrivals."""
    opening, timeline = OpeningBurst(), Timeline()
    out: list[int] = []

    def place(held: list[Arrived]) -> None:
        timeline.open([(one.pts_us, one.dts_us, arrival) for one, arrival in held])
        out.extend(timeline.stamp(one.pts_us, one.dts_us, arrival).utc_us for one, arrival in held)

    for one, arrival in units:
        if opening.over:
            out.append(timeline.stamp(one.pts_us, one.dts_us, arrival).utc_us)
        else:
            place(opening.add(one, arrival))
    if not opening.over:
        place(opening.rest())
    return out


@given(st.integers(0, 30), st.sampled_from([33_333, 40_000, 100_000]), st.integers(0, 3), st.data())
def test_a_burst_is_placed_as_it_was_captured(
    held: int, step: int, unstamped: int, data: st.DataObject
) -> None:
    """``held`` units wait for the probing; all arrive within it by microseconds of each other."""
    total = held + 20
    captured = [T0 + index * step for index in range(total)]
    probed = T0 + max(held - 1, 0) * step + data.draw(st.integers(0, step // 2))
    units = []
    for index, at in enumerate(captured):
        stamp = None if index < min(unstamped, held) else 90_000 + index * step
        units.append((unit(stamp), max(at, probed) + index))
    found = utc_of(units)
    assert len(found) == total
    errors = [one - at for one, at in zip(found, captured, strict=True)]
    assert all(abs(error) <= 2 * total for error in errors), errors


def test_without_a_burst_two_are_held() -> None:
    opening = OpeningBurst()
    assert opening.add(unit(0), T0) == []
    assert len(opening.add(unit(40_000), T0 + 40_000)) == 2
    assert opening.over


def test_b_pictures_do_not_end_it() -> None:
    opening = OpeningBurst()
    order = [0, 120, 40, 80, 240, 160, 200]
    for index, pts in enumerate(order):
        stamped = AccessUnit(b"x", False, pts * 1000, None, INFO)
        assert opening.add(stamped, T0 + index) == []
    assert not opening.over
    live = AccessUnit(b"x", False, 360_000, None, INFO)
    assert len(opening.add(live, T0 + 120_000)) == 8


def test_a_stream_without_time_stamps_is_held_two_seconds_at_most() -> None:
    opening = OpeningBurst()
    for index in range(51):
        assert opening.add(unit(None), T0 + index * 40_000) == []
    assert len(opening.add(unit(None), T0 + 51 * 40_000)) == 52
    many = OpeningBurst()
    for _ in range(255):
        assert many.add(unit(None), T0) == []
    assert len(many.add(unit(None), T0)) == 256


@pytest.mark.parametrize("origin", [0, -80_000, 8_589_934_592])
def test_any_origin_of_the_cameras_clock_will_do(origin: int) -> None:
    units = [(unit(origin + index * 40_000), T0 + max(index, 9) * 40_000) for index in range(20)]
    assert utc_of(units) == [T0 + index * 40_000 for index in range(20)]
