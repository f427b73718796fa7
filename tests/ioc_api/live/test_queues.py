"""A viewer's queues: whole runs only, bounded, and fair."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.packets import Packet, StreamInfo
from ioc_api.live.queues import QueueLimits, TileQueue, TileSet

INFO = StreamInfo("h264", "avc1.42C01F", 320, 180)
LIMITS = QueueLimits(tile_bytes=1000, viewer_bytes=2500, seconds=3.0)


def packet(seq: int, *, key: bool = False, epoch: int = 1, size: int = 100) -> Packet:
    return Packet(epoch, seq, key, seq * 40_000, seq * 40_000, 0, b"x" * size, INFO)


class Now:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def seqs(queue: TileQueue) -> list[int]:
    out = []
    while taken := queue.take():
        out.append(taken.packet.seq)
    return out


def test_nothing_before_the_first_keyframe_and_that_is_no_skip() -> None:
    queue = TileQueue(LIMITS, Now())
    for seq in range(5):
        queue.offer(packet(seq, key=seq == 3))
    taken = queue.take()
    assert taken is not None
    assert (taken.packet.seq, taken.skipped) == (3, 0)
    assert seqs(queue) == [4]


def test_a_full_queue_goes_on_at_the_next_keyframe_and_says_how_many() -> None:
    queue = TileQueue(LIMITS, Now())
    for seq in range(13):
        queue.offer(packet(seq, key=seq in (0, 12)))
    taken = queue.take()
    assert taken is not None
    assert (taken.packet.seq, taken.skipped) == (12, 12)


def test_a_queue_that_waits_too_long_is_cut() -> None:
    now = Now()
    queue = TileQueue(LIMITS, now)
    queue.offer(packet(0, key=True))
    now.at = 3.5
    queue.offer(packet(1))
    assert queue.take() is None
    queue.offer(packet(2, key=True))
    assert seqs(queue) == [2]


def test_a_keyframe_over_the_bound_still_passes() -> None:
    queue = TileQueue(LIMITS, Now())
    queue.offer(packet(0, key=True, size=5000))
    assert seqs(queue) == [0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["offer", "take"]),
            st.integers(1, 3),
            st.integers(0, 12),
            st.booleans(),
            st.integers(1, 700),
            st.floats(0, 2),
        ),
        max_size=120,
    )
)
def test_whatever_is_offered_only_whole_runs_come_out(
    steps: list[tuple[str, int, int, bool, int, float]],
) -> None:
    now = Now()
    queue = TileQueue(LIMITS, now)
    last: Packet | None = None
    for action, epoch, seq, key, size, wait in steps:
        now.at += wait
        if action == "offer":
            queue.offer(packet(seq, key=key, epoch=epoch, size=size))
        elif taken := queue.take():
            assert taken.packet.keyframe or (
                last is not None
                and taken.packet.seq == last.seq + 1
                and taken.packet.epoch == last.epoch
                and not taken.skipped
            )
            last = taken.packet
        assert queue.size <= 1000
        assert queue.size == sum(len(each.packet.data) for _, each in queue._waiting)


@given(
    st.lists(
        st.tuples(st.sampled_from(["offer", "take", "reopen"]), st.integers(0, 4), st.booleans()),
        max_size=200,
    )
)
def test_all_tiles_of_a_viewer_stay_in_its_bound(steps: list[tuple[str, int, bool]]) -> None:
    woken: list[int] = []
    tiles = TileSet(LIMITS, Now(), lambda: woken.append(1))
    sinks = {tile: tiles.open(tile) for tile in range(5)}
    counts = dict.fromkeys(range(5), 0)
    for action, tile, key in steps:
        if action == "offer":
            sinks[tile].offer(packet(counts[tile], key=key, size=300))
            counts[tile] += 1
        elif action == "reopen":
            sinks[tile] = tiles.open(tile)
        else:
            tiles.take()
        assert tiles.size <= 2500
        assert tiles.size == sum(each.size for each in tiles._tiles.values())


def test_tiles_take_turns() -> None:
    woken: list[int] = []
    tiles = TileSet(QueueLimits(), Now(), lambda: woken.append(1))
    busy, quiet = tiles.open(1), tiles.open(2)
    for seq in range(50):
        busy.offer(packet(seq, key=seq == 0))
    quiet.offer(packet(0, key=True))
    order = [turn[0] for turn in iter(tiles.take, None)]
    assert order[:3] == [1, 2, 1]
    assert len(order) == 51
    assert woken


def test_a_closed_tile_gets_nothing_more() -> None:
    tiles = TileSet(QueueLimits(), Now(), lambda: None)
    sink = tiles.open(1)
    sink.offer(packet(0, key=True))
    tiles.close(1)
    sink.offer(packet(1))
    assert tiles.take() is None
    assert tiles.size == 0
