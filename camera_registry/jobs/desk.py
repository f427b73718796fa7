"""The api's side of jobs: to hand one in, to look at it, to call it off."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Message
from camera_registry.base.clock import Clock
from camera_registry.base.errors import NotFoundError, UnavailableError
from camera_registry.base.ids import is_id, new_id
from camera_registry.jobs.model import (
    QUEUED_AGE_S,
    SILENT_S,
    Job,
    JobState,
    Order,
    Submission,
    decode_job,
    encode,
)
from camera_registry.vault import Vault

log = structlog.get_logger(__name__)

_LOOK_S = 2.0
"""How often a record is read while no news of it comes; news may be lost, as a worker may."""


class JobDesk:
    """Hands jobs to whichever worker has room. Every replica of the api sees every job."""

    def __init__(self, bus: Bus, vault: Vault, clock: Clock) -> None:
        self._bus = bus
        self._vault = vault
        self._clock = clock
        self._records = bus.bucket(subjects.JOBS_BUCKET)

    async def submit(self, wanted: Submission) -> Job:
        """Hand in a job and return its record.

        Raises UnavailableError without a bus, or while as many jobs wait as the stream takes.
        """
        now = self._clock.utc_us()
        job = Job(
            id=new_id(now),
            kind=wanted.kind,
            owner=wanted.owner,
            action=wanted.action,
            scope=wanted.scope,
            created_us=now,
            updated_us=now,
        )
        sealed, sealed_for = wanted.sealed, wanted.sealed_for
        if wanted.credentials is not None:
            sealed, sealed_for = self._vault.seal_credentials(job.id, wanted.credentials), job.id
        order = Order(job.id, wanted.kind, wanted.payload, wanted.limit_s, sealed, sealed_for)
        await self._records.put(job.id, encode(job))
        try:
            subject = subjects.api_job if wanted.by_api else subjects.job
            await self._bus.append(subject(wanted.kind), encode(order), message_id=job.id)
        except UnavailableError as error:
            await self._records.delete(job.id)
            raise UnavailableError(
                "the job cannot be queued now", hint="try again in a moment", code="jobs_busy"
            ) from error
        log.info("job_submitted", job=job.id, kind=job.kind, owner=job.owner)
        return job

    async def get(self, job_id: str) -> Job:
        """Return a job as it is now. Raises NotFoundError; whether the caller may see it is for
        the caller to check against ``action`` and ``scope``.
        """
        entry = await self._records.get(job_id) if is_id(job_id) else None
        if entry is None or entry.value is None:
            raise NotFoundError(
                "There is no such job", hint="finished jobs are kept for an hour", code="no_job"
            )
        return self._judged(replace(decode_job(entry.value), revision=entry.revision))

    async def wait(self, job_id: str, seen: int, limit_s: float) -> Job:
        """Return a job as soon as its revision is above ``seen`` or it is final, and at the latest
        after ``limit_s`` seconds as it then is. Raises NotFoundError.
        """
        until = self._clock.monotonic() + limit_s
        news = asyncio.Event()

        async def heard(_: Message) -> None:
            news.set()

        job = await self.get(job_id)
        if job.revision > seen or job.state.final or limit_s <= 0:
            return job
        told = await self._bus.subscribe(subjects.job_news(job_id), heard)
        try:
            while True:
                news.clear()
                job = await self.get(job_id)
                left = until - self._clock.monotonic()
                if job.revision > seen or job.state.final or left <= 0:
                    return job
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), min(_LOOK_S, left))
        finally:
            await told.stop()

    async def cancel(self, job_id: str) -> Job:
        """Call a job off. One that waits is off at once, one that runs ends within a moment."""
        job = await self.get(job_id)
        if job.state.final:
            return job
        if job.state is JobState.QUEUED:
            job = replace(
                job,
                state=JobState.CANCELLED,
                updated_us=self._clock.utc_us(),
            )
            await self._records.put(job_id, encode(job))
            await self._bus.publish(subjects.job_news(job_id), b"")
        # after the record: a worker that read it before that hears the notice (see the runner)
        await self._bus.publish(subjects.JOB_CANCELLED, job_id.encode())
        log.info("job_cancelled", job=job_id)
        return job

    async def picture(self, job_id: str) -> bytes:
        """Return the JPEG that a job has made. Raises NotFoundError where there is none."""
        entry = await self._records.get(picture_key(job_id)) if is_id(job_id) else None
        if entry is None or not entry.value:
            raise NotFoundError("This job has no picture", code="no_picture")
        return entry.value

    def _judged(self, job: Job) -> Job:
        silent_s = (self._clock.utc_us() - job.updated_us) / 1e6
        if job.state is JobState.QUEUED and silent_s > QUEUED_AGE_S:
            return replace(
                job,
                state=JobState.FAILED,
                code="no_worker",
                error="no worker has taken the job",
                hint="check that workers run and reach the message bus",
            )
        if job.state is JobState.RUNNING and silent_s > SILENT_S:
            return replace(
                job,
                state=JobState.FAILED,
                code="worker_lost",
                error="the worker that did the job has gone",
                hint="start it again",
            )
        return job


def picture_key(job_id: str) -> str:
    """Return the key of a job's picture in the bucket."""
    return f"{job_id}.jpg"
