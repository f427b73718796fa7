"""Jobs over a real bus: handed in, done, called off, failed, lost with their worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import InvalidError, NotFoundError
from camera_registry.base.ids import new_id
from camera_registry.jobs import Job, JobDesk, JobHandler, JobRunner, JobState, Submission, Task
from camera_registry.jobs import desk as desk_module
from camera_registry.jobs.model import QUEUED_AGE_S, decode_job, encode
from camera_registry.model import Credentials
from camera_registry.scope import Scope
from camera_registry.vault import Vault
from tests.waiting import eventually

VAULT = Vault(os.urandom(32))
CLOCK = SystemClock()


def wanted(kind: str = "echo", **changes: object) -> Submission:
    made = Submission(kind, b'"hello"', "user-1", "camera.manage", Scope.of(["25747"]))
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def desk(bus: NatsBus) -> JobDesk:
    return JobDesk(bus, VAULT, CLOCK)


@contextlib.asynccontextmanager
async def working(
    bus: NatsBus, handlers: Mapping[str, JobHandler], slots: int = 4, worker: str = "w"
) -> AsyncIterator[asyncio.Task[None]]:
    runner = JobRunner(bus, CLOCK, VAULT, worker=worker, handlers=handlers, slots=slots)
    task = asyncio.create_task(runner.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def echo(task: Task) -> bytes:
    return task.payload


class Slow:
    """A handler that reports, then waits to be let go."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.go = asyncio.Event()

    async def __call__(self, task: Task) -> bytes:
        self.running += 1
        self.most = max(self.most, self.running)
        task.report(1, 3, "waiting", b'{"so":"far"}')
        try:
            await self.go.wait()
        finally:
            self.running -= 1
        return b'"done"'


async def test_a_job_is_done_and_its_result_and_picture_are_kept(
    bus: NatsBus, desk: JobDesk
) -> None:
    async def paint(task: Task) -> bytes:
        task.picture = b"\xff\xd8picture"
        return task.payload

    async with working(bus, {"echo": paint}):
        job = await desk.submit(wanted())
        assert job.state is JobState.QUEUED
        done = await desk.wait(job.id, 1 << 60, 10)
    assert (done.state, done.result, done.worker) == (JobState.DONE, b'"hello"', "w")
    assert done.scope == Scope.of(["25747"])
    assert done.has_picture
    assert await desk.picture(job.id) == b"\xff\xd8picture"


async def test_credentials_travel_sealed_and_reach_the_handler(bus: NatsBus, desk: JobDesk) -> None:
    seen: list[Credentials | None] = []
    carried: list[bytes] = []

    async def look(task: Task) -> bytes:
        seen.append(task.credentials)
        return b"1"

    async def spy(message: object) -> None:
        carried.append(message.data)  # type: ignore[attr-defined]

    tap = await bus.subscribe(">", spy)
    async with working(bus, {"echo": look}):
        secret = Credentials("viewer", "canary-3041")
        job = await desk.submit(wanted(credentials=secret))
        assert (await desk.wait(job.id, 1 << 60, 10)).state is JobState.DONE
    await tap.stop()
    assert seen == [secret]
    assert carried
    assert not any(b"canary-3041" in data for data in carried)


async def test_credentials_of_another_job_fail_the_job(bus: NatsBus, desk: JobDesk) -> None:
    sealed = VAULT.seal_credentials(new_id(1), Credentials("a", "b"))
    async with working(bus, {"echo": echo}):
        job = await desk.submit(wanted(sealed=sealed, sealed_for=new_id(2)))
        done = await desk.wait(job.id, 1 << 60, 10)
    assert (done.state, done.code) == (JobState.FAILED, "vault_damaged")


async def test_progress_is_told_while_it_runs(bus: NatsBus, desk: JobDesk) -> None:
    slow = Slow()
    async with working(bus, {"echo": slow}):
        job = await desk.submit(wanted())
        seen = await desk.get(job.id)
        while seen.phase != "waiting":
            seen = await desk.wait(job.id, seen.revision, 5)
        assert (seen.state, seen.done, seen.total) == (JobState.RUNNING, 1, 3)
        assert seen.result == b'{"so":"far"}'
        slow.go.set()
        assert (await desk.wait(job.id, 1 << 60, 10)).result == b'"done"'


async def test_no_more_than_the_slots_at_once_and_all_in_the_end(
    bus: NatsBus, desk: JobDesk
) -> None:
    slow = Slow()
    async with working(bus, {"echo": slow}, slots=3):
        jobs = [await desk.submit(wanted()) for _ in range(9)]
        await eventually(lambda: slow.running == 3)
        slow.go.set()
        done = [await desk.wait(job.id, 1 << 60, 10) for job in jobs]
    assert [job.state for job in done] == [JobState.DONE] * 9
    assert slow.most == 3


async def test_a_waiting_job_is_called_off_and_never_begun(bus: NatsBus, desk: JobDesk) -> None:
    slow = Slow()
    job = await desk.submit(wanted())
    assert (await desk.cancel(job.id)).state is JobState.CANCELLED
    async with working(bus, {"echo": slow}):
        after = await desk.submit(wanted("echo"))
        await eventually(lambda: slow.running == 1)
        assert (await desk.get(job.id)).state is JobState.CANCELLED
        slow.go.set()
        await desk.wait(after.id, 1 << 60, 10)
    assert slow.most == 1


async def test_a_running_job_is_called_off(bus: NatsBus, desk: JobDesk) -> None:
    slow = Slow()
    async with working(bus, {"echo": slow}):
        job = await desk.submit(wanted())
        await eventually(lambda: slow.running == 1)
        await desk.cancel(job.id)
        done = await desk.wait(job.id, 1 << 60, 10)
        assert done.state is JobState.CANCELLED
        await eventually(lambda: slow.running == 0)
        assert (await desk.cancel(job.id)).state is JobState.CANCELLED


async def test_an_error_and_the_time_limit_and_a_crash_are_told(
    bus: NatsBus, desk: JobDesk
) -> None:
    async def refuse(task: Task) -> bytes:
        raise InvalidError("the cable is cut", hint="mend it", code="cable")

    async def crash(task: Task) -> bytes:
        raise ZeroDivisionError("secret words")

    handlers: dict[str, JobHandler] = {"refuse": refuse, "crash": crash, "slow": Slow()}
    async with working(bus, handlers):
        jobs = [
            await desk.submit(wanted(kind, limit_s=0.2))
            for kind in ("refuse", "crash", "slow", "unknown")
        ]
        done = [await desk.wait(job.id, 1 << 60, 10) for job in jobs]
    assert [job.code for job in done] == ["cable", "internal", "time_limit", "job_unknown"]
    assert (done[0].error, done[0].hint) == ("the cable is cut", "mend it")
    assert not any("secret words" in job.error for job in done)


async def test_a_worker_that_ends_gives_its_job_to_another(bus: NatsBus, desk: JobDesk) -> None:
    first = Slow()
    async with working(bus, {"echo": first}, worker="first") as task:
        job = await desk.submit(wanted())
        await eventually(lambda: first.running == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with working(bus, {"echo": echo}, worker="second"):
        done = await desk.wait(job.id, 1 << 60, 10)
    assert (done.state, done.worker) == (JobState.DONE, "second")


async def test_what_is_no_order_is_dropped(bus: NatsBus, desk: JobDesk) -> None:
    await bus.append(subjects.job("echo"), b"garbage")
    async with working(bus, {"echo": echo}):
        job = await desk.submit(wanted())
        assert (await desk.wait(job.id, 1 << 60, 10)).state is JobState.DONE
    await eventually(lambda: _empty(bus))


async def _empty(bus: NatsBus) -> bool:
    return not await bus.subjects(subjects.JOBS_STREAM)


async def test_a_job_that_nobody_takes_or_goes_on_with_has_failed(
    bus: NatsBus, desk: JobDesk
) -> None:
    job = await desk.submit(wanted())
    records = bus.bucket(subjects.JOBS_BUCKET)
    old = replace(job, updated_us=job.updated_us - (QUEUED_AGE_S + 1) * 1_000_000)
    await records.put(job.id, encode(old))
    assert (await desk.get(job.id)).code == "no_worker"
    await records.put(job.id, encode(replace(old, state=JobState.RUNNING)))
    found = await desk.get(job.id)
    assert (found.state, found.code) == (JobState.FAILED, "worker_lost")


async def test_there_is_no_such_job(desk: JobDesk) -> None:
    for job_id in (new_id(5), "x", "../jobs", ""):
        with pytest.raises(NotFoundError):
            await desk.get(job_id)
        with pytest.raises(NotFoundError):
            await desk.picture(job_id)


def test_a_record_survives_the_wire() -> None:
    job = Job("i", "k", "o", "a", Scope.of(["1"]), 1, 2, state=JobState.FAILED, code="c")
    assert decode_job(encode(job)) == job


async def test_who_waits_hears_of_each_change(
    bus: NatsBus, desk: JobDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the notice: the record is not read again and again meanwhile."""
    monkeypatch.setattr(desk_module, "_LOOK_S", 3600.0)
    slow = Slow()
    async with working(bus, {"slow": slow}):
        job = await desk.submit(wanted("slow"))
        told = await desk.wait(job.id, job.revision, 3600.0)
        while told.done == 0:
            told = await desk.wait(job.id, told.revision, 3600.0)
        assert (told.state, told.result) == (JobState.RUNNING, b'{"so":"far"}')
        ending = asyncio.create_task(desk.wait(job.id, 2**53, 3600.0))
        await asyncio.sleep(0)
        slow.go.set()
        assert (await ending).state is JobState.DONE


async def test_who_waits_hears_that_a_job_was_called_off_before_it_began(
    desk: JobDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "_LOOK_S", 3600.0)
    job = await desk.submit(wanted("slow"))
    waiting = asyncio.create_task(desk.wait(job.id, 2**53, 3600.0))
    await asyncio.sleep(0)
    await desk.cancel(job.id)
    assert (await waiting).state is JobState.CANCELLED


async def test_many_jobs_run_at_once(bus: NatsBus, desk: JobDesk) -> None:
    slow = Slow()
    async with working(bus, {"slow": slow}, slots=30):
        jobs = [await desk.submit(wanted("slow")) for _ in range(40)]
        await eventually(lambda: slow.running == 30)
        slow.go.set()
        done = [await desk.wait(job.id, 2**53, 60.0) for job in jobs]
    assert {job.state for job in done} == {JobState.DONE}
    assert slow.most == 30
