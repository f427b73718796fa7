"""Dry runs one after another: taken, followed, called off, forgotten."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from camera_registry.base.errors import (
    CamhubError,
    ConflictError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from ingest.clips.wire import ClipPart
from ioc_api.dry_runs.desk import DryRuns
from ioc_api.dry_runs.model import Run, RunLimits, RunState
from tests.fakes import ManualClock
from tests.waiting import eventually


class Room:
    """A desk whose clips and analysis the test decides."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock()
        self.gate = asyncio.Event()
        self.worked: list[str] = []
        self.failure: CamhubError | None = None
        limits = RunLimits(kept=3, keep_s=60, waiting=2, clip_bytes=100, clip_s=30)
        self.desk = DryRuns(directory / "dry-runs", self, self.analyse, self.clock, limits)

    async def fetch(
        self,
        camera_id: str,
        seconds: float,
        target: Path,
        max_bytes: int,
        progress: Callable[[float], None],
    ) -> ClipPart:
        if self.failure is not None:
            raise self.failure
        progress(0.5)
        target.write_bytes(b"clip of " + camera_id.encode())
        return ClipPart(1.0, last=True, start_us=7_000_000, seconds=seconds, codec="h264")

    async def analyse(self, run: Run, on_message: Callable[[dict[str, Any]], None]) -> None:
        self.worked.append(run.clip.read_text())
        on_message({"type": "progress", "seconds": run.seconds / 2, "frames": 3, "hits": 0})
        await self.gate.wait()
        on_message({"type": "done", "result": {"frames": 6, "events": []}})


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    working = asyncio.create_task(made.desk.run())
    await asyncio.sleep(0)
    yield made
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    assert not (tmp_path / "dry-runs").exists()


async def body(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_clip_of_the_camera_is_fetched_and_worked_through(room: Room) -> None:
    run = room.desk.submit("c1", b"rules", "", seconds=20)
    await eventually(lambda: run.state is RunState.RUNNING and run.progress == 0.5)
    assert (run.start_us, run.seconds, run.codec) == (7_000_000, 20, "h264")
    room.gate.set()
    await eventually(lambda: run.state is RunState.DONE)
    assert run.result["frames"] == 6
    assert room.worked == ["clip of c1"]


async def test_an_upload_waits_for_its_file_and_the_next_run_takes_the_same(room: Room) -> None:
    room.gate.set()
    run = room.desk.submit("c1", b"rules", "")
    assert run.state is RunState.UPLOAD
    await room.desk.upload(run, body(b"a ", b"file"))
    await eventually(lambda: run.state is RunState.DONE)
    again = room.desk.submit("c1", b"other rules", "", again=run.id)
    await eventually(lambda: again.state is RunState.DONE)
    assert room.worked == ["a file", "a file"]
    with pytest.raises(ConflictError):
        await room.desk.upload(run, body(b"another"))


async def test_a_file_that_is_too_large_or_empty_leaves_nothing(room: Room) -> None:
    run = room.desk.submit("c1", b"rules", "")
    with pytest.raises(InvalidError) as refused:
        await room.desk.upload(run, body(b"x" * 60, b"x" * 60))
    assert refused.value.code == "clip_too_large"
    assert not run.clip.exists()
    with pytest.raises(InvalidError):
        await room.desk.upload(run, body())
    assert run.state is RunState.UPLOAD


async def test_a_run_of_another_camera_does_not_exist(room: Room) -> None:
    run = room.desk.submit("c1", b"rules", "")
    with pytest.raises(NotFoundError):
        room.desk.get("c2", run.id)
    with pytest.raises(NotFoundError):
        room.desk.submit("c2", b"rules", "", again=run.id)


async def test_removing_ends_the_work_and_takes_the_files(room: Room) -> None:
    run = room.desk.submit("c1", b"rules", "", seconds=5)
    waiting = room.desk.submit("c1", b"rules", "", seconds=5)
    await eventually(lambda: run.state is RunState.RUNNING)
    await room.desk.remove(run)
    assert not run.directory.exists()
    with pytest.raises(NotFoundError):
        room.desk.get("c1", run.id)
    await eventually(lambda: waiting.state is RunState.RUNNING, what="the next one begins")
    await room.desk.remove(waiting)


async def test_too_many_are_refused_and_old_ones_forgotten(room: Room) -> None:
    first, second = (room.desk.submit("c1", b"", "", seconds=5) for _ in range(2))
    with pytest.raises(CamhubError) as refused:
        room.desk.submit("c1", b"", "", seconds=5)
    assert refused.value.kind.http_status == 429
    room.gate.set()
    await eventually(lambda: second.state.final)
    runs = [room.desk.submit("c1", b"", "") for _ in range(3)]
    assert not first.directory.exists()
    assert runs[-1].directory.exists()
    room.clock.move(61)
    room.desk.submit("c1", b"", "")
    assert not any(run.directory.exists() for run in runs)


async def test_what_fails_says_why(room: Room) -> None:
    room.failure = UnavailableError("no worker", hint="look", code="no_worker")
    run = room.desk.submit("c1", b"", "", seconds=5)
    await eventually(lambda: run.state is RunState.FAILED)
    assert (run.code, run.error, run.hint) == ("no_worker", "no worker", "look")
    with pytest.raises(InvalidError):
        room.desk.submit("c1", b"", "", seconds=31)
