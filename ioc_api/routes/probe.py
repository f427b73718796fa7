"""``/api/v1/probe``: have a worker look at a camera or device, before or after it is registered."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field, SecretStr

from camera_registry.base.errors import ConflictError, InvalidError, NotFoundError
from camera_registry.jobs import JobState, Submission
from camera_registry.model import Credentials
from camera_registry.probe import PROBE, ProbeRequest, decode_report, encode
from camera_registry.records import CameraChange
from camera_registry.scope import Scope
from camera_registry.taking_over import facts_of
from camera_registry.urls import check_credentials
from ioc_api.access.guard import By, Granted, Me, permission
from ioc_api.access.rbac import Action, Principal
from ioc_api.quality.measuring import BESIDE_MEASURING_S, device_probe_of, probe_of
from ioc_api.routes.camera_shapes import CameraShape, camera_shape
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.routes.jobs import JobShape, job_shape, visible_job
from ioc_api.web.shapes import Body

router = APIRouter(tags=["devices"])

Seconds = Annotated[float, Field(ge=1, le=30, strict=False)]


class ProbeBody(Body):
    """What to look at: ``rtsp://…`` for a stream; ``http://…`` or a host alone for an ONVIF device.

    Credentials may stand in an RTSP URL or apart. ``seconds`` is how long a stream is measured (up
    to three times as long where keyframes are rare); ``make`` helps to propose paths after a 404.
    """

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    username: Annotated[str, Field(max_length=256)] | None = None
    password: Annotated[SecretStr, Field(max_length=256)] | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    seconds: Seconds = 8.0
    make: Annotated[str, Field(max_length=60)] = ""


@router.post("/api/v1/probe", status_code=202, **permission(Action.CAMERA_MANAGE))
async def start_probe(deps: Deps, me: Me, scope: Granted, body: ProbeBody) -> JobShape:
    """Look at a camera. Answers at once with a job; its result is a report."""
    credentials = credentials_of(body.username, body.password)
    if body.url.partition("://")[0].casefold() in ("rtsp", "rtsps"):
        address = deps.policy.accept(body.url)
        url, credentials = address.url, credentials or address.credentials
    else:
        url = deps.policy.accept_device(body.url)
    request = ProbeRequest(url, body.transport, body.seconds, body.make)
    return await _start(deps, me, scope, request, credentials=credentials)


class FactsBody(Body):
    """The job of a probe of this camera, which has ended well."""

    job: Annotated[str, Field(min_length=1, max_length=60)]


@router.post(
    "/api/v1/cameras/{camera_id}/probe",
    status_code=202,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def probe_camera(
    deps: Deps,
    me: Me,
    scope: Granted,
    camera_id: str,
    of: Annotated[Literal["stream", "device"], Query()] = "stream",
) -> JobShape:
    """Look at a registered camera with its own credentials, which stay sealed on their way: at its
    main stream, or at the ONVIF device that it belongs to.
    """
    stored = await deps.registry.stored(camera_id, scope)
    if of == "device":
        return job_shape(await deps.jobs.submit(device_probe_of(stored, me.id, scope)))
    job = await deps.jobs.submit(probe_of(stored, me.id, scope))
    deps.quality.measuring.follow(job.id, camera_id)
    return job_shape(job)


@router.post(
    "/api/v1/cameras/{camera_id}/facts", **permission(Action.CAMERA_MANAGE, also=(409, 412))
)
async def keep_facts(
    deps: Deps, me: Me, by: By, scope: Granted, camera_id: str, body: FactsBody
) -> CameraShape:
    """Write what a probe of this camera found into its record: codec, size, rate and bit rate of a
    stream; make, model, firmware, serial and abilities of a device. All else stays.
    """
    camera = await deps.registry.get(camera_id, scope)
    try:
        job = await visible_job(deps, me, body.job)
    except NotFoundError as error:
        raise InvalidError(f"job: {error.message}", hint=error.hint, code="no_job") from None
    if job.kind != PROBE:
        raise InvalidError("job: this is no probe", code="job_kind")
    if job.state is not JobState.DONE:
        raise ConflictError("This probe has not ended well", hint="wait for it", code="job_state")
    change = CameraChange(
        details=facts_of(camera, decode_report(job.result)), version=camera.version
    )
    kept = await deps.registry.update(camera_id, change, scope, by=by)
    return camera_shape(kept, deps.units.get(kept.unit_code), deps.states.status(kept))


async def _start(
    deps: ApiDeps,
    me: Principal,
    scope: Scope,
    request: ProbeRequest,
    *,
    credentials: Credentials | None = None,
) -> JobShape:
    job = await deps.jobs.submit(
        Submission(
            PROBE,
            encode(request),
            me.id,
            Action.CAMERA_MANAGE,
            scope,
            limit_s=3 * request.seconds + BESIDE_MEASURING_S,
            credentials=credentials,
        )
    )
    return job_shape(job)


def credentials_of(username: str | None, password: SecretStr | None) -> Credentials | None:
    """Return what was given, checked; None for neither. Raises InvalidError."""
    if not username:
        if password is not None and password.get_secret_value():
            raise InvalidError("password: needs a username", code="credentials")
        return None
    return check_credentials(Credentials(username, password.get_secret_value() if password else ""))
