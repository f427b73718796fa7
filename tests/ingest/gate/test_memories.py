"""What gates have learnt, on a real bus: kept from one worker to the next, and written seldom."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.errors import UnavailableError
from ingest.gate.memories import GateMemories
from ingest.gate.state import GateMemory, decode_memory, encode_memory
from tests.fakes import ManualClock
from tests.waiting import eventually

PROVED = GateMemory("h264", 1280, 720, True, 400, 1.8, 0, 3600.0)


async def revision(bus: NatsBus, key: str) -> int:
    entry = await bus.bucket(subjects.GATES_BUCKET).get(key)
    return 0 if entry is None else entry.revision


async def test_one_worker_learns_and_the_next_one_knows(bus: NatsBus) -> None:
    first, second = GateMemories(bus, ManualClock()), GateMemories(bus, ManualClock())
    await first.start()
    await second.start()
    known: list[GateMemory | None] = [None]
    end = first.follow("kept-1", lambda: known[0])
    await first.save()
    assert await revision(bus, "kept-1") == 0  # nothing learnt, nothing written
    known[0] = PROVED
    await first.save()
    await eventually(lambda: second.of("kept-1") == PROVED)
    known[0] = replace(PROVED, demoted_until_us=10**15)
    end()  # the camera goes; what it taught last is written all the same
    await first.save()
    await eventually(lambda: second.of("kept-1") == known[0])


async def test_small_changes_are_not_written(bus: NatsBus) -> None:
    memories = GateMemories(bus, ManualClock())
    await memories.start()
    known = [PROVED]
    memories.follow("kept-2", lambda: known[0])
    await memories.save()
    written = await revision(bus, "kept-2")
    assert written
    for small in (replace(PROVED, usual_bytes=500), replace(PROVED, threshold=2.0)):
        known[0] = small
        await memories.save()
    assert await revision(bus, "kept-2") == written
    known[0] = replace(PROVED, threshold=2.4)
    await memories.save()
    assert await revision(bus, "kept-2") > written


async def test_what_cannot_be_written_now_is_written_later(
    bus: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    memories = GateMemories(bus, ManualClock())
    await memories.start()
    memories.follow("kept-3", lambda: PROVED)

    async def away(key: str, value: bytes) -> int:
        raise UnavailableError("away", code="bus_unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(bus.bucket(subjects.GATES_BUCKET), "put", away)
        await memories.save()
    assert memories.of("kept-3") == PROVED
    assert await revision(bus, "kept-3") == 0
    await memories.save()
    assert await revision(bus, "kept-3")


async def test_what_is_no_memory_is_passed_over(bus: NatsBus) -> None:
    bucket = bus.bucket(subjects.GATES_BUCKET)
    await bucket.put("kept-4", b"\xff nonsense")
    await bucket.put("kept-5", encode_memory(PROVED))
    memories = GateMemories(bus, ManualClock())
    await memories.start()
    assert memories.of("kept-4") is None
    assert memories.of("kept-5") == PROVED
    await bucket.delete("kept-5")
    await eventually(lambda: memories.of("kept-5") is None)


@pytest.mark.parametrize(
    "broken",
    [
        replace(PROVED, usual_bytes=-32),
        replace(PROVED, threshold=float("nan")),
        replace(PROVED, demoted_s=float("inf")),
    ],
)
def test_a_memory_that_cannot_be_is_refused(broken: GateMemory) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_memory(encode_memory(broken))
