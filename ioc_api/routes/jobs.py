"""``/api/v1/jobs``: what workers are doing for somebody, its progress, its result, its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from camera_registry import discovery, probe
from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import NotFoundError
from camera_registry.discovery import DiscoveryReport, Interfaces
from camera_registry.jobs import Job, JobState
from camera_registry.probe import Failure, ProbeReport
from ioc_api.access.guard import SIGNED_IN, Me, permission
from ioc_api.access.rbac import Principal
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.web.languages import Words, spoken

router = APIRouter(tags=["jobs"])

JobResult = ProbeReport | DiscoveryReport | Interfaces
_DECODERS: dict[str, Callable[[bytes], JobResult]] = {
    probe.PROBE: probe.decode_report,
    discovery.DISCOVERY: discovery.decode_report,
    discovery.INTERFACES: discovery.decode_interfaces,
}
_LONGEST_WAIT_S = 25.0
_BINARY = {"type": "string", "format": "binary"}
_NOT_KEPT = {"Cache-Control": "private, no-store"}


class JobError(BaseModel):
    """Why a job failed. ``code`` is a stable word for programs and for translation."""

    code: str
    message: Words
    hint: Words


class JobShape(BaseModel):
    """A job. Times are RFC 3339 in UTC.

    ``done`` of ``total`` is its progress (total 0: not known), ``phase`` a word for what it does
    now. ``result`` is also given while it runs, as far as it is known. ``revision`` rises with each
    change.
    """

    id: str
    kind: str
    state: JobState
    revision: int
    created_at: str
    updated_at: str
    done: int
    total: int
    phase: str
    worker: str
    has_picture: bool
    error: JobError | None
    result: JobResult | None


def _spoken(result: JobResult) -> JobResult:
    """Return a report with its reasons in the language of the request."""
    if not isinstance(result, ProbeReport):
        return result
    device = result.device
    if device is not None:
        device = replace(device, failures=tuple(map(_told, device.failures)))
    failure = result.failure
    return replace(result, device=device, failure=None if failure is None else _told(failure))


def _told(failure: Failure) -> Failure:
    return replace(failure, message=spoken(failure.message), hint=spoken(failure.hint))


def job_shape(job: Job) -> JobShape:
    """Write a job as JSON."""
    decode = _DECODERS.get(job.kind)
    failed = job.state is JobState.FAILED
    return JobShape(
        id=job.id,
        kind=job.kind,
        state=job.state,
        revision=job.revision,
        created_at=us_to_iso(job.created_us),
        updated_at=us_to_iso(job.updated_us),
        done=job.done,
        total=job.total,
        phase=job.phase,
        worker=job.worker,
        has_picture=job.has_picture,
        error=JobError(code=job.code, message=job.error, hint=job.hint) if failed else None,
        result=_spoken(decode(job.result)) if decode is not None and job.result else None,
    )


async def visible_job(deps: ApiDeps, me: Principal, task_id: str) -> Job:
    """Return a job that somebody may see: whoever may do its action in all of its scope.

    Raises NotFoundError; for all others it does not exist.
    """
    job = await deps.jobs.get(task_id)
    allowed = me.scope(job.action)
    if allowed.empty or not allowed.covers(job.scope):
        raise NotFoundError("There is no such job", code="no_job")
    return job


@router.get("/api/v1/jobs/{task_id}", **permission(SIGNED_IN))
async def get_job(
    deps: Deps,
    me: Me,
    task_id: str,
    after: Annotated[int, Query(ge=-1, le=2**53)] = -1,
    wait_s: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 0.0,
) -> JobShape:
    """Show a job. With ``wait_s``, answer once its revision is above ``after``, or it has ended."""
    job = await visible_job(deps, me, task_id)
    if wait_s and not job.state.final and job.revision <= after:
        job = await deps.jobs.wait(task_id, after, wait_s)
    return job_shape(job)


@router.delete("/api/v1/jobs/{task_id}", **permission(SIGNED_IN))
async def cancel_job(deps: Deps, me: Me, task_id: str) -> JobShape:
    """Call a job off. A running one ends within a moment; what it had found stays."""
    await visible_job(deps, me, task_id)
    return job_shape(await deps.jobs.cancel(task_id))


@router.get(
    "/api/v1/jobs/{task_id}/picture",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
    },
    **permission(SIGNED_IN),
)
async def get_job_picture(deps: Deps, me: Me, task_id: str) -> Response:
    """Return the picture that a job has made."""
    await visible_job(deps, me, task_id)
    picture = await deps.jobs.picture(task_id)
    return Response(
        picture, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"}
    )
