"""The worker's side of jobs: takes as many as it has room for, and tells how they go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import msgspec
import structlog
from prometheus_client import Counter, Gauge, Histogram

from camera_registry import subjects
from camera_registry.base.bus import Bus, Delivery, Message
from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, UnavailableError
from camera_registry.jobs.desk import picture_key
from camera_registry.jobs.model import Job, JobState, Order, decode_job, decode_order, encode
from camera_registry.model import Credentials
from camera_registry.vault import Vault

log = structlog.get_logger(__name__)

JOBS = Counter("camhub_jobs_total", "Jobs that came to an end", ["kind", "outcome"])
RUNNING = Gauge("camhub_jobs_running", "Jobs that this worker does now")
SECONDS = Histogram(
    "camhub_job_seconds", "Time that jobs took", ["kind"], buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 120)
)

_HEARTBEAT_S = 2.0
_TELL_S = 0.5
_TELLINGS_A_S = 40
"""Where many jobs run each tells less often: a worker tells so often for all of them together."""
_AT_ONCE = 8
_PACE_S = 0.05
"""Beyond so many jobs that run, the next begins so much later: each costs most at its beginning,
and the cameras of this worker go on beside them.
"""
_MAX_TRIES = 2
_PULL_S = 5.0


class Task:
    """One job while it is done: what is asked, and where the handler says how far it is.

    ``attempt`` above 1: a worker was lost, or stopped, while it did this job.
    """

    def __init__(self, order: Order, attempt: int = 1) -> None:
        self.id = order.id
        self.attempt = attempt
        self.payload = order.payload
        self.limit_s = order.limit_s
        self.credentials: Credentials | None = None
        self.picture = b""
        self._done = self._total = 0
        self._phase = ""
        self._partial = b""
        self.changed = False

    def report(self, done: int, total: int, phase: str = "", partial: bytes = b"") -> None:
        """Say how far it is. ``partial`` is the result so far as JSON; empty keeps the last one.

        Costs nothing much: what is said between two tellings is replaced by what comes after.
        """
        self._done, self._total = done, total
        self._phase = phase or self._phase
        self._partial = partial or self._partial
        self.changed = True

    def shown(self, job: Job) -> Job:
        """Return the record with what was reported."""
        self.changed = False
        return replace(
            job,
            done=self._done,
            total=self._total,
            phase=self._phase,
            result=self._partial or job.result,
        )


class JobHandler(Protocol):
    """Does the jobs of one kind.

    Returns the result as JSON. A CamhubError becomes the job's error; cancellation must end it. It
    runs in the event loop: blocking work goes to a thread.
    """

    async def __call__(self, task: Task) -> bytes:
        """Do one job."""
        ...


class JobRunner:
    """Pulls jobs, at most ``slots`` at once, and does each within its time limit.

    A job whose worker dies is delivered once more, to another; after that it has failed.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        vault: Vault,
        *,
        worker: str,
        handlers: Mapping[str, JobHandler],
        slots: int,
        stream: str = subjects.JOBS_STREAM,
        durable: str = subjects.JOBS_DURABLE,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._vault = vault
        self._worker = worker
        self._handlers = dict(handlers)
        self._slots = asyncio.Semaphore(slots)
        self._queue = stream, durable
        self._records = bus.bucket(subjects.JOBS_BUCKET)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._called_off: set[str] = set()
        self._ending: set[str] = set()

    async def run(self) -> None:
        """Do jobs until cancelled; those that run then are given back for another worker."""
        notice = await self._bus.subscribe(subjects.JOB_CANCELLED, self._on_cancel)
        try:
            while True:
                await self._slots.acquire()
                delivery = await self._next()
                if delivery is None:
                    self._slots.release()
                    continue
                self._begin(delivery)
                if len(self._tasks) >= _AT_ONCE:
                    await self._clock.sleep(_PACE_S)
        finally:
            await notice.stop()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _next(self) -> Delivery | None:
        try:
            found = await self._bus.fetch(*self._queue, 1, _PULL_S)
        except UnavailableError as error:
            log.warning("jobs_not_pulled", reason=error.message)
            await self._clock.sleep(1.0)
            return None
        return found[0] if found else None

    def _begin(self, delivery: Delivery) -> None:
        try:
            order = decode_order(delivery.data)
        except msgspec.DecodeError as error:
            log.error("job_unreadable", reason=str(error))
            order = None
        key = order.id if order is not None else f"unreadable-{delivery.sequence}"
        task = asyncio.create_task(self._handle(delivery, order), name=f"job-{key}")
        self._tasks[key] = task
        RUNNING.inc()

        def ended(done: asyncio.Task[None]) -> None:
            self._tasks.pop(key, None)
            self._called_off.discard(key)
            self._ending.discard(key)
            self._slots.release()
            RUNNING.dec()
            if not done.cancelled() and (error := done.exception()) is not None:
                # the bus did not take the outcome: unacknowledged, the job comes again
                log.warning("job_given_back", job=key, error=type(error).__name__)

        task.add_done_callback(ended)

    async def _on_cancel(self, message: Message) -> None:
        job_id = message.data.decode("ascii", "replace")
        task = self._tasks.get(job_id)
        if task is not None and job_id not in self._ending:
            self._called_off.add(job_id)
            task.cancel()

    async def _handle(self, delivery: Delivery, order: Order | None) -> None:
        if order is None:
            await delivery.ack()
            return
        # The task is registered before the record is read: a cancellation either stands in the
        # record by now, or its notice finds the task.
        entry = await self._records.get(order.id)
        if entry is None or entry.value is None:
            await delivery.ack()
            return
        job = decode_job(entry.value)
        if job.state.final:
            await delivery.ack()
            return
        if delivery.generation > _MAX_TRIES:
            await self._finish(delivery, _failed(job, _lost()))
            return
        await self._do(delivery, order, job)

    async def _do(self, delivery: Delivery, order: Order, job: Job) -> None:
        began = time.monotonic()
        task = Task(order, delivery.generation)
        beat = asyncio.create_task(self._heartbeat(delivery))
        try:
            job = await self._tell(replace(job, state=JobState.RUNNING, worker=self._worker))
            outcome = await self._attempt(task, job, order)
        except asyncio.CancelledError:
            if order.id not in self._called_off:
                await delivery.nak()
                raise
            outcome = replace(task.shown(job), state=JobState.CANCELLED)
        finally:
            self._ending.add(order.id)
            beat.cancel()
        SECONDS.labels(order.kind).observe(time.monotonic() - began)
        if task.picture and outcome.state is JobState.DONE:
            await self._records.put(picture_key(order.id), task.picture)
            outcome = replace(outcome, has_picture=True)
        await self._finish(delivery, outcome)

    async def _attempt(self, task: Task, job: Job, order: Order) -> Job:
        telling = asyncio.create_task(self._keep_telling(task, job))
        try:
            handler = self._handlers.get(order.kind)
            if handler is None:
                raise UnavailableError(
                    f"this worker cannot do {order.kind}", hint="update it", code="job_unknown"
                )
            task.credentials = self._opened(order)
            async with asyncio.timeout(order.limit_s):
                result = await handler(task)
        except CamhubError as error:
            return _failed(task.shown(job), error)
        except TimeoutError:
            limit = f"the job was not done within {order.limit_s:g} s"
            return _failed(task.shown(job), UnavailableError(limit, code="time_limit"))
        except Exception as error:
            # one job's crash must not end the others; it is told to who waits
            log.error("job_crashed", job=job.id, kind=job.kind, exc_info=error)
            crash = UnavailableError(
                "something went wrong inside camhub",
                hint="see the log of the worker",
                code="internal",
            )
            return _failed(task.shown(job), crash)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
        return replace(task.shown(job), state=JobState.DONE, result=result)

    async def _keep_telling(self, task: Task, job: Job) -> None:
        silent_s = 0.0
        while True:
            pause_s = max(_TELL_S, len(self._tasks) / _TELLINGS_A_S)
            await self._clock.sleep(pause_s)
            silent_s += pause_s
            if task.changed or silent_s >= 10.0:
                silent_s = 0.0
                try:
                    job = await self._tell(task.shown(job))
                except UnavailableError as error:
                    log.warning("job_not_told", job=job.id, reason=error.message)

    async def _heartbeat(self, delivery: Delivery) -> None:
        while True:
            await self._clock.sleep(_HEARTBEAT_S)
            try:
                await delivery.in_progress()
            except UnavailableError as error:
                log.warning("job_not_renewed", reason=error.message)

    def _opened(self, order: Order) -> Credentials | None:
        if not order.sealed:
            return None
        return self._vault.open_credentials(order.sealed_for, order.sealed)

    async def _tell(self, job: Job) -> Job:
        told = replace(job, updated_us=self._clock.utc_us())
        await self._records.put(job.id, encode(told))
        await self._bus.publish(subjects.job_news(job.id), b"")
        return told

    async def _finish(self, delivery: Delivery, job: Job) -> None:
        await self._tell(job)
        await delivery.ack()
        JOBS.labels(job.kind, job.code or job.state.value).inc()
        log.info("job_ended", job=job.id, kind=job.kind, state=job.state.value, code=job.code)


def _failed(job: Job, error: CamhubError) -> Job:
    return replace(
        job, state=JobState.FAILED, code=error.code, error=error.message, hint=error.hint
    )


def _lost() -> UnavailableError:
    return UnavailableError(
        "two workers were lost while they did this job",
        hint="see the log of the workers",
        code="worker_lost",
    )
