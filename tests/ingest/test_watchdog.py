from __future__ import annotations

from ingest.watchdog import PacketWatchdog
from tests.ingest.clocks import HandClock


def test_silence_is_counted_from_the_last_packet() -> None:
    clock = HandClock()
    watchdog = PacketWatchdog(clock, 5.0)
    clock.now = 4.9
    assert not watchdog.stalled
    watchdog.feed()
    clock.now = 9.8
    assert not watchdog.stalled
    clock.now = 9.9
    assert watchdog.stalled
    assert watchdog.silent_s == 5.0
    watchdog.feed()
    assert not watchdog.stalled


def test_a_camera_that_never_sends_stalls_as_well() -> None:
    clock = HandClock()
    watchdog = PacketWatchdog(clock, 2.0)
    clock.now = 2.0
    assert watchdog.stalled
