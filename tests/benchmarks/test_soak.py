"""The parts of the soak that are arithmetic: its plan, its trend, and who came back."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import numbers
from benchmarks.soak_plan import PlannedFault, cameras, plan, transport
from benchmarks.soak_watch import Recovery, Sample, growth, look, tolerated
from ingest.simulator import Fault
from ingest.simulator.faults import FaultKind

NAMES = [camera.name for camera in cameras(60, 320, 180, 10)]


@given(st.integers(0, 2**32), st.floats(60, 3600))
def test_faults_of_a_camera_leave_it_a_minute_and_end_in_time(seed: int, seconds: float) -> None:
    faults = plan(NAMES[:6], seconds, seed)
    assert faults == plan(NAMES[:6], seconds, seed)
    assert [one.at_s for one in faults] == sorted(one.at_s for one in faults)
    for name in NAMES[:6]:
        own = [one for one in faults if one.camera == name]
        assert all(one.at_s + (one.fault.seconds or 0) <= seconds + 0.1 for one in own)
        for before, after in pairwise(own):
            assert after.at_s - before.at_s >= 60 + (before.fault.seconds or 0) - 0.1


def test_an_hour_has_every_kind_of_fault_and_both_transports() -> None:
    faults = plan(NAMES, 3600, 1)
    assert {one.fault.kind for one in faults} == set(FaultKind)
    assert len({one.camera for one in faults}) == 60
    assert {transport(number) for number in range(60)} == {"tcp", "udp"}


def rising(per_minute: float, spike: float = 0.0) -> list[Sample]:
    found = []
    for number in range(60 * 6):
        at_s = number * 10.0
        value = 100.0 + per_minute * at_s / 60 + (spike if number % 50 < 4 else 0.0)
        found.append(Sample(at_s, value, value, value, value))
    return found


def test_growth_is_what_is_never_given_back() -> None:
    leak = growth(rising(0.5), "uss", 600)
    assert leak.over_s == 49 * 60
    assert leak.rise == pytest.approx(0.5 * 49, abs=0.5)
    assert leak.rise > tolerated("uss", leak.level)
    calm = growth(rising(0.0, spike=40.0), "handles", 600)
    assert calm.rise == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(ValueError, match="slope"):
        growth(rising(0.0)[:6], "uss", 0)


def test_the_middle_slope_takes_no_notice_of_an_outlier() -> None:
    points = [(float(x), 2.0 * x) for x in range(20)]
    points[7] = (7.0, 900.0)
    assert numbers.middle_slope(points) == pytest.approx(2.0)


def fault(camera: str, seconds: float) -> PlannedFault:
    return PlannedFault(0.0, camera, Fault(FaultKind.STALL, seconds))


def test_a_camera_is_followed_from_the_end_of_its_fault() -> None:
    watch = Recovery(limit_s=30)
    for name in ("quick", "slow", "lost"):
        watch.begins(fault(name, 10), 100)
    watch.see(dict.fromkeys(("quick", "slow", "lost"), "stalled"), 105)
    watch.see({"quick": "live", "slow": "stalled", "lost": "stalled", "other": "live"}, 112)
    watch.see({"quick": "live", "slow": "live", "lost": "offline", "other": "live"}, 150)
    assert watch.took_s == [2, 40]
    assert watch.late == ["slow after stall: 40 s"]
    assert watch.away == 1
    watch.end(200)
    assert watch.lost == ["lost after stall, at 200 s"]


def test_a_camera_that_fails_by_itself_is_seen_too() -> None:
    watch = Recovery(limit_s=30)
    watch.see({"one": "offline"}, 10)
    watch.see({}, 20)
    watch.see({"one": "live"}, 50)
    assert watch.late == ["one after no fault: 40 s"]
    assert watch.away == 0


def test_a_process_is_looked_at() -> None:
    found = look(os.getpid(), 3.0)
    assert found.at_s == 3.0
    assert found.rss >= found.uss > 1
    assert found.threads >= 1
    assert found.handles >= 3
