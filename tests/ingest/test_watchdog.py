from __future__ import annotations

from ingest.watchdog import PacketWatchdog
from tests.ingest.clocks import HandClock


def test_silence_is_counted_from_the_last_packet() -> None:
    clock = HandClock()
    watchdog = PacketWatchdog(clock, 5.0)
    seen: list[bool] = []
    for now, packet in ((4.9, True), (9.8, False), (9.9, True), (9.9, False)):
        clock.now = now
        seen.append(watchdog.stalled)
        if packet:
            watchdog.feed()
    assert seen == [False, False, True, False]
    clock.now += 2.5
    assert watchdog.silent_s == 2.5


def test_a_camera_that_never_sends_stalls_as_well() -> None:
    clock = HandClock()
    watchdog = PacketWatchdog(clock, 2.0)
    clock.now = 2.0
    assert watchdog.stalled
