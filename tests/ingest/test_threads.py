from __future__ import annotations

import asyncio
import threading

import pytest

from camera_registry.base.errors import UnavailableError
from ingest.threads import run_stoppable


async def test_work_runs_elsewhere_and_returns() -> None:
    seen: list[str] = []
    await run_stoppable(
        lambda: seen.append(threading.current_thread().name),
        threading.Event(),
        name="camera-x",
        grace_s=5,
    )
    assert seen == ["camera-x"]


async def test_what_it_raises_is_raised_here() -> None:
    def work() -> None:
        raise UnavailableError("gone", code="closed")

    with pytest.raises(UnavailableError, match="gone"):
        await run_stoppable(work, threading.Event(), name="x", grace_s=5)


async def test_cancelling_stops_it_and_waits_for_its_end() -> None:
    stop, ended = threading.Event(), threading.Event()
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(started.set)
        stop.wait()
        ended.set()

    task = asyncio.create_task(run_stoppable(work, stop, name="x", grace_s=30))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_work_that_cannot_be_stopped_is_left_behind() -> None:
    release = threading.Event()
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(started.set)
        release.wait()
        raise UnavailableError("heard by nobody")

    task = asyncio.create_task(run_stoppable(work, threading.Event(), name="left", grace_s=0.05))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = next(thread for thread in threading.enumerate() if thread.name == "left")
    release.set()
    await asyncio.to_thread(left.join, 10)
    assert not left.is_alive()
