"""``/api/v1/discovery``: look for devices in the camera network, and register what was found."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.errors import ConflictError, InvalidError, UnavailableError
from camera_registry.details import Capabilities, Details, StreamProfile
from camera_registry.discovery import (
    DISCOVERY,
    INTERFACES,
    MAX_PORTS,
    ONVIF_PORTS,
    RTSP_PORTS,
    DiscoveryReport,
    DiscoveryRequest,
    FoundDevice,
    Interface,
    decode_interfaces,
    decode_report,
    encode,
    sweepable,
)
from camera_registry.jobs import Job, JobState, Submission
from camera_registry.likeness import LikelyCamera, Traits, registered_as
from camera_registry.model import Camera, CameraClass
from camera_registry.probe import PROBE, OnvifProfile, OnvifReport
from camera_registry.probe import decode_report as decode_probe
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ioc_api.access.guard import By, Granted, Me, permission
from ioc_api.access.rbac import Action, Principal
from ioc_api.routes.camera_shapes import CameraShape, PositionShape, camera_shape
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.routes.jobs import JobShape, job_shape, visible_job
from ioc_api.routes.probe import credentials_of
from ioc_api.web.shapes import Body

router = APIRouter(tags=["devices"])

Port = Annotated[int, Field(ge=1, le=65535)]
Ports = Annotated[list[Port], Field(max_length=MAX_PORTS)]
_ASK_S = 6.0


class DiscoveryBody(Body):
    """Where to look: on a worker's interfaces (by their addresses), through a range, or both."""

    interfaces: Annotated[list[str], Field(max_length=16)] = Field(default_factory=list)
    wait_s: Annotated[float, Field(ge=1, le=15, strict=False)] = 4.0
    network: Annotated[str, Field(max_length=60)] = ""
    onvif_ports: Ports = Field(default_factory=lambda: list(ONVIF_PORTS))
    rtsp_ports: Ports = Field(default_factory=lambda: list(RTSP_PORTS))
    rate: Annotated[float, Field(ge=1, le=200, strict=False)] = 40.0


class RegisteredShape(BaseModel):
    """The camera that a device is registered as."""

    id: str
    name: str
    unit_code: str


class FoundShape(BaseModel):
    """A device that was found; ``camera`` is null where it is new, or out of the caller's scope."""

    device: FoundDevice
    camera: RegisteredShape | None


class DiscoveryShape(BaseModel):
    """A search and what it has found so far."""

    job: JobShape
    devices: list[FoundShape]


class InterfacesShape(BaseModel):
    """The interfaces of the worker that answered."""

    worker: str
    interfaces: list[Interface]


class FoundCameraBody(Body):
    """A camera out of the probe of an ONVIF device: its unit, its name, which profiles.

    Without tokens the largest profile is the main stream and the smallest other one the sub
    stream.
    """

    unit_code: str
    name: str = ""
    main: str = ""
    sub: str | None = None
    username: Annotated[str, Field(max_length=256)] | None = None
    password: Annotated[SecretStr, Field(max_length=256)] | None = None
    position: PositionShape | None = None
    camera_class: Annotated[CameraClass, Field(strict=False)] = CameraClass.OTHER
    enabled: bool = True


@router.get("/api/v1/discovery/interfaces", **permission(Action.CAMERA_MANAGE))
async def list_interfaces(deps: Deps, me: Me, scope: Granted) -> InterfacesShape:
    """List the interfaces that a worker can search on."""
    job = await deps.jobs.submit(
        Submission(INTERFACES, b"", me.id, Action.CAMERA_MANAGE, scope, limit_s=_ASK_S)
    )
    job = await deps.jobs.wait(job.id, 2**62, _ASK_S)
    if job.state is not JobState.DONE:
        await deps.jobs.cancel(job.id)
        raise UnavailableError(
            "no worker has answered", hint="check that workers run", code="no_worker"
        )
    found = decode_interfaces(job.result).interfaces
    return InterfacesShape(worker=job.worker, interfaces=list(found))


@router.post("/api/v1/discovery", status_code=202, **permission(Action.CAMERA_MANAGE))
async def start_discovery(deps: Deps, me: Me, scope: Granted, body: DiscoveryBody) -> JobShape:
    """Begin a search. Answers at once with a job."""
    addresses = 0
    if body.network:
        addresses = sweepable(body.network, deps.policy).num_addresses
    elif not body.interfaces:
        raise InvalidError(
            "give interfaces to search on, or a network to go through", code="nowhere"
        )
    request = DiscoveryRequest(
        tuple(body.interfaces),
        body.wait_s,
        body.network,
        tuple(body.onvif_ports),
        tuple(body.rtsp_ports),
        body.rate,
    )
    ports = len(request.onvif_ports) + len(request.rtsp_ports)
    limit_s = 60.0 + addresses / request.rate + addresses * ports * 0.25
    job = await deps.jobs.submit(
        Submission(DISCOVERY, encode(request), me.id, Action.CAMERA_MANAGE, scope, limit_s=limit_s)
    )
    return job_shape(job)


@router.get("/api/v1/discovery/{task_id}", **permission(Action.CAMERA_MANAGE))
async def get_discovery(deps: Deps, me: Me, scope: Granted, task_id: str) -> DiscoveryShape:
    """Show a search: what it has found so far, and what of that is registered."""
    job = await _of_kind(deps, me, task_id, DISCOVERY)
    report = decode_report(job.result) if job.result else DiscoveryReport(())
    traits = [
        Traits(device.address, device.onvif_url, device.endpoint_id) for device in report.devices
    ]
    known = await deps.likely.at([each.address for each in traits], [], scope)
    found = [
        FoundShape(device=device, camera=_registered(registered_as(each, known)))
        for device, each in zip(report.devices, traits, strict=True)
    ]
    shape = job_shape(replace(job, result=b""))
    return DiscoveryShape(job=shape, devices=found)


@router.post(
    "/api/v1/jobs/{task_id}/camera",
    status_code=201,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def register_found(
    deps: Deps, me: Me, by: By, scope: Granted, task_id: str, body: FoundCameraBody
) -> CameraShape:
    """Register a device that was probed: streams, make, serial number and abilities come along."""
    job = await _of_kind(deps, me, task_id, PROBE)
    report = decode_probe(job.result) if job.result else None
    if report is None or report.device is None:
        raise InvalidError(
            "This probe has found no ONVIF device",
            hint="probe it again with its credentials",
            code="no_device",
        )
    device = report.device
    main, sub = _chosen(device, body)
    await _not_twice(deps, device, main, scope)
    new = NewCamera(
        name=body.name or device.name or f"{device.make} {device.model}".strip() or "camera",
        unit_code=body.unit_code,
        url=main.stream_url,
        position=body.position.position() if body.position else None,
        credentials=credentials_of(body.username, body.password),
        enabled=body.enabled,
        camera_class=body.camera_class,
        details=_details(device, main, sub),
    )
    return _shape(deps, await deps.registry.add(new, scope, by=by))


async def _of_kind(deps: ApiDeps, me: Principal, task_id: str, kind: str) -> Job:
    job = await visible_job(deps, me, task_id)
    if job.kind != kind:
        raise InvalidError(f"this job is no {kind}", code="job_kind")
    return job


def _chosen(device: OnvifReport, body: FoundCameraBody) -> tuple[OnvifProfile, OnvifProfile | None]:
    usable = {each.token: each for each in device.profiles if each.stream_url}
    by_size = sorted(usable.values(), key=lambda each: each.width * each.height, reverse=True)
    if not by_size:
        raise InvalidError(
            "The device has no profile with a stream that is allowed",
            hint="probe it again with its credentials",
            code="no_profile",
        )
    main = usable.get(body.main) if body.main else by_size[0]
    if main is None:
        raise InvalidError("main: the device has no such profile", code="no_profile")
    if body.sub == "":
        return main, None
    if body.sub is not None:
        if body.sub not in usable:
            raise InvalidError("sub: the device has no such profile", code="no_profile")
        return main, usable[body.sub]
    others = [each for each in by_size if each.stream_url != main.stream_url]
    return main, others[-1] if others else None


async def _not_twice(deps: ApiDeps, device: OnvifReport, main: OnvifProfile, scope: Scope) -> None:
    host = urlsplit(main.stream_url).hostname or ""
    known = await deps.likely.at([host], [device.serial], scope)
    traits = Traits(
        "",
        device.url,
        device.endpoint_id,
        device.serial,
        tuple(p.stream_url for p in device.profiles),
    )
    camera = registered_as(traits, known)
    if camera is not None:
        raise ConflictError(
            f"This device is registered already, as {camera.name}",
            hint="open that camera to change it",
            code="registered",
        )


def _details(device: OnvifReport, main: OnvifProfile, sub: OnvifProfile | None) -> Details:
    return Details(
        make=device.make,
        model=device.model,
        firmware=device.firmware,
        serial=device.serial,
        main=_stream(main, ""),
        sub=_stream(sub, sub.stream_url) if sub is not None else None,
        capabilities=Capabilities(
            ptz=device.ptz,
            audio=main.audio,
            onvif_profiles=tuple(each for each in device.onvif_profiles if len(each) == 1),
            onvif_url=device.url,
            endpoint_id=device.endpoint_id,
        ),
    )


def _stream(profile: OnvifProfile, url: str) -> StreamProfile:
    """Return a profile as the device declares it; a probe of the stream measures it."""
    return StreamProfile(
        url, profile.codec, profile.width, profile.height, profile.fps, profile.bitrate_kbps
    )


def _registered(camera: LikelyCamera | None) -> RegisteredShape | None:
    if camera is None:
        return None
    return RegisteredShape(id=camera.id, name=camera.name, unit_code=camera.unit_code)


def _shape(deps: ApiDeps, camera: Camera) -> CameraShape:
    return camera_shape(camera, deps.units.get(camera.unit_code), deps.states.status(camera))
