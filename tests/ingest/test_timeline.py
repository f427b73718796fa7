from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.timeline import Stamp, Timeline

T0 = 1_700_000_000_000_000
FRAME = 40_000

delays = st.lists(st.integers(0, 300_000), min_size=2, max_size=200)


def run(pts: list[int], arrivals: list[int]) -> tuple[Timeline, list[Stamp]]:
    timeline = Timeline()
    return timeline, [timeline.stamp(p, p, a) for p, a in zip(pts, arrivals, strict=True)]


def in_order(captures: list[int], delay: list[int]) -> list[int]:
    """Arrivals by the delays, but never before the packet ahead: TCP keeps the order."""
    arrivals: list[int] = []
    for capture, late in zip(captures, delay, strict=True):
        arrivals.append(max(capture + late, arrivals[-1] if arrivals else 0))
    return arrivals


@given(delays, st.integers(-(2**40), 2**40))
def test_jitter_leaves_order_and_a_bounded_error(delay: list[int], origin: int) -> None:
    captures = [T0 + index * FRAME for index in range(len(delay))]
    arrivals = in_order(captures, delay)
    timeline, stamps = run([origin + c - T0 for c in captures], arrivals)
    assert timeline.jumps == 0
    out = [stamp.dts_us for stamp in stamps]
    assert all(a < b for a, b in pairwise(out))
    for stamp, capture, arrival in zip(stamps, captures, arrivals, strict=True):
        # Never before the picture was taken, never after it was here; at worst as late as the
        # least delayed packet so far.
        assert capture <= stamp.utc_us <= arrival + len(delay)


@given(delays)
def test_the_least_delay_seen_is_the_error_from_then_on(delay: list[int]) -> None:
    captures = [T0 + index * FRAME for index in range(len(delay))]
    _, stamps = run([c - T0 for c in captures], in_order(captures, delay))
    best = min(range(len(delay)), key=lambda i: stamps[i].utc_us - captures[i])
    floor = stamps[best].utc_us - captures[best]
    for stamp, capture in zip(stamps[best:], captures[best:], strict=True):
        elapsed = capture - captures[best] + 300_000
        assert stamp.utc_us - capture - floor <= 0.005 * elapsed + len(delay)


@settings(max_examples=50)
@given(st.sampled_from([-300e-6, -50e-6, 50e-6, 300e-6]))
def test_a_clock_that_drifts_is_followed(drift: float) -> None:
    pts = [index * FRAME for index in range(15_000)]  # ten minutes
    arrivals = [T0 + round(p * (1 + drift)) + 5_000 for p in pts]
    timeline, stamps = run(pts, arrivals)
    assert timeline.jumps == 0
    assert max(abs(s.utc_us - a) for s, a in zip(stamps, arrivals, strict=True)) < 10_000


@given(st.one_of(st.integers(2_000_000, 10**12), st.integers(-(10**12), -400_000)))
def test_a_jump_is_counted_once_and_time_goes_on(jump: int) -> None:
    pts = [index * FRAME + (jump if index >= 50 else 0) for index in range(100)]
    arrivals = [T0 + index * FRAME + 10_000 for index in range(100)]
    timeline, stamps = run(pts, arrivals)
    assert timeline.jumps == 1
    assert [stamp.jumped for stamp in stamps].index(True) == 50
    out = [stamp.dts_us for stamp in stamps]
    assert all(a < b for a, b in pairwise(out))
    assert all(abs(s.utc_us - a) <= 1 for s, a in zip(stamps, arrivals, strict=True))


def test_the_burst_at_the_start_is_no_jump_and_never_in_the_future() -> None:
    pts = [index * FRAME for index in range(100)]
    arrivals = [max(T0 + 20 * FRAME, T0 + p) for p in pts]
    timeline, stamps = run(pts, arrivals)
    assert timeline.jumps == 0
    assert all(s.utc_us <= a + 21 for s, a in zip(stamps, arrivals, strict=True))
    assert stamps[-1].utc_us == arrivals[-1]


def test_a_network_that_holds_packets_back_and_catches_up_is_no_jump() -> None:
    pts = [index * FRAME for index in range(300)]
    arrivals = [max(T0 + p, T0 + 8_000_000 if p >= 4_000_000 else 0) for p in pts]
    timeline, stamps = run(pts, arrivals)
    assert timeline.jumps == 0
    # What was held keeps the time of its capture.
    assert abs(stamps[100].utc_us - (T0 + 4_000_000)) < 50_000
    assert abs(stamps[-1].utc_us - arrivals[-1]) < 50_000


def test_reordered_pictures_keep_their_own_order() -> None:
    timeline = Timeline()
    shown = [0, 3, 1, 2, 6, 4, 5]
    # A picture can only be sent once it was taken, and after those that go before it.
    arrivals = [T0 + (max(shown[: d + 1]) + 1) * FRAME + d for d in range(len(shown))]
    stamps = [
        timeline.stamp((shown[d] + 1) * FRAME, d * FRAME, arrivals[d]) for d in range(len(shown))
    ]
    order = sorted(range(len(shown)), key=lambda index: stamps[index].utc_us)
    assert [shown[index] for index in order] == sorted(shown)
    assert all(a.dts_us < b.dts_us for a, b in pairwise(stamps))


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-(2**62), 2**62)),
            st.one_of(st.none(), st.integers(-(2**62), 2**62)),
            st.integers(0, 2_000_000),
        ),
        max_size=60,
    )
)
def test_whatever_comes_decoding_times_rise(
    steps: list[tuple[int | None, int | None, int]],
) -> None:
    timeline = Timeline()
    arrival, last = T0, 0
    for pts, dts, step in steps:
        arrival += step + 1
        stamp = timeline.stamp(pts, dts, arrival)
        assert stamp.dts_us > last
        assert stamp.dts_us <= arrival + 1024  # a float holds 2**62 to within 2**10
        last = stamp.dts_us


def test_our_own_clock_set_back_is_followed() -> None:
    timeline = Timeline()
    timeline.stamp(0, 0, T0)
    hour = 3_600_000_000
    for index in range(1, 50):
        stamp = timeline.stamp(index * FRAME, index * FRAME, T0 - hour + index * FRAME)
        assert abs(stamp.utc_us - (T0 - hour + index * FRAME)) <= 1


def test_first_packets_without_time_stamps_go_by_their_arrival() -> None:
    timeline = Timeline()
    assert timeline.stamp(None, None, T0).utc_us == T0
    assert timeline.stamp(None, None, T0).utc_us == T0 + 1
    later = timeline.stamp(3600, 3600, T0 + FRAME)
    assert later == Stamp(T0 + FRAME, T0 + FRAME, jumped=False)
