from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analytics.inbox import Inbox, InboxLimits
from analytics.metrics import ANALYSIS_QUEUE
from ingest.decoder import DROPPED
from ingest.packets import Packet, StreamInfo

INFO = StreamInfo("h264", "avc1.42C01E", 640, 360)


def packet(seq: int, *, keyframe: bool = False, size: int = 10) -> Packet:
    return Packet(1, seq, keyframe, seq * 40_000, seq * 40_000, seq * 40_000, bytes(size), INFO)


def drain(inbox: Inbox) -> list[int]:
    found = []
    while (one := inbox.take()) is not None:
        found.append(one.seq)
    return found


def behind() -> float:
    return float(DROPPED.labels("behind")._value.get())


def queued() -> float:
    return float(next(iter(ANALYSIS_QUEUE.collect())).samples[0].value)


def test_packets_come_out_in_order() -> None:
    inbox = Inbox()
    for seq in range(5):
        assert inbox.put(packet(seq, keyframe=seq == 0))
    assert drain(inbox) == [0, 1, 2, 3, 4]


def test_full_inbox_jumps_to_the_newest_keyframe_and_counts() -> None:
    before = behind()
    inbox = Inbox(InboxLimits(packets=6))
    for seq in range(7):
        inbox.put(packet(seq, keyframe=seq in (0, 2, 4)))
    assert drain(inbox) == [4, 5, 6]
    assert behind() - before == 4


def test_group_that_alone_is_too_long_goes_until_the_next_keyframe() -> None:
    before = behind()
    inbox = Inbox(InboxLimits(packets=3, group=4))
    for seq in range(6):
        inbox.put(packet(seq, keyframe=seq == 0))
    assert len(inbox) == 0
    waited = inbox.waits
    assert inbox.put(packet(6, keyframe=True))
    assert (waited, inbox.waits) == (True, False)
    assert inbox.put(packet(7))
    assert drain(inbox) == [6, 7]
    assert behind() - before == 6


def test_a_long_group_is_held_over_a_hiccup() -> None:
    before = behind()
    inbox = Inbox(InboxLimits(packets=3, group=9))
    for seq in range(9):
        assert inbox.put(packet(seq, keyframe=seq in (0, 1)))
    assert drain(inbox) == list(range(1, 9))
    assert behind() - before == 1


def test_bytes_are_bounded_too() -> None:
    inbox = Inbox(InboxLimits(packets=100, size=1000))
    inbox.put(packet(0, keyframe=True, size=600))
    inbox.put(packet(1, keyframe=True, size=600))
    assert drain(inbox) == [1]
    assert not inbox.put(packet(2, keyframe=True, size=2000))


def test_closed_inbox_is_empty_takes_nothing_and_leaves_the_gauge_even() -> None:
    before = queued()
    inbox = Inbox()
    inbox.put(packet(0, keyframe=True))
    assert queued() == before + 1
    inbox.close()
    assert not inbox.put(packet(1, keyframe=True))
    assert inbox.take() is None
    assert queued() == before


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.integers(0, 2)), max_size=60),
    st.integers(1, 8),
    st.integers(1, 16),
    st.integers(40, 200),
)
def test_limits_order_and_keyframe_after_every_gap(
    script: list[tuple[bool, int, int]], packets: int, group: int, size: int
) -> None:
    gauge, dropped = queued(), behind()
    inbox = Inbox(InboxLimits(packets=packets, size=size, group=group))
    taken: list[Packet] = []
    for seq, (keyframe, length, takes) in enumerate(script):
        inbox.put(packet(seq, keyframe=keyframe or seq == 0, size=length))
        assert len(inbox) <= max(packets, group)
        for _ in range(takes):
            one = inbox.take()
            if one is not None:
                taken.append(one)
    while (one := inbox.take()) is not None:
        taken.append(one)
    expected = 0
    for one in taken:
        assert one.seq == expected or (one.seq > expected and one.keyframe)
        expected = one.seq + 1
    assert behind() - dropped == len(script) - len(taken)
    assert queued() == gauge
