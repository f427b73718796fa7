"""``/api/v1/discovery``: look for devices in the camera network; what of them is registered."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from camera_registry.base.errors import InvalidError, UnavailableError
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
from camera_registry.jobs import JobState, Submission
from camera_registry.likeness import Traits, registered_as, registered_at
from ioc_api.access.guard import Granted, Me, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.channels import RegisteredShape, job_of_kind, registered_shape
from ioc_api.routes.deps import Deps
from ioc_api.routes.jobs import JobShape, job_shape
from ioc_api.web.shapes import Body

router = APIRouter(tags=["devices"])

Port = Annotated[int, Field(ge=1, le=65535)]
Ports = Annotated[list[Port], Field(max_length=MAX_PORTS)]
_ASK_S = 6.0
_MOST_AT_ONE = 128


class DiscoveryBody(Body):
    """Where to look: on a worker's interfaces (by their addresses), through a range, or both."""

    interfaces: Annotated[list[str], Field(max_length=16)] = Field(default_factory=list)
    wait_s: Annotated[float, Field(ge=1, le=15, strict=False)] = 4.0
    network: Annotated[str, Field(max_length=60)] = ""
    onvif_ports: Ports = Field(default_factory=lambda: list(ONVIF_PORTS))
    rtsp_ports: Ports = Field(default_factory=lambda: list(RTSP_PORTS))
    rate: Annotated[float, Field(ge=1, le=200, strict=False)] = 40.0


class FoundShape(BaseModel):
    """A device that was found, and the cameras in the caller's scope that it is registered as.

    A recorder has many: which of its channels are new is told after a probe, by
    ``/api/v1/jobs/{task_id}/channels``. ``camera`` is the surest of them, null where there is none.
    """

    device: FoundDevice
    camera: RegisteredShape | None
    cameras: list[RegisteredShape]


class DiscoveryShape(BaseModel):
    """A search and what it has found so far."""

    job: JobShape
    devices: list[FoundShape]


class InterfacesShape(BaseModel):
    """The interfaces of the worker that answered."""

    worker: str
    interfaces: list[Interface]


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
    job = await job_of_kind(deps, me, task_id, DISCOVERY)
    report = decode_report(job.result) if job.result else DiscoveryReport(())
    traits = [
        Traits(device.address, device.onvif_url, device.endpoint_id) for device in report.devices
    ]
    known = await deps.likely.at([each.address for each in traits], [], scope)
    found = [
        FoundShape(
            device=device,
            camera=registered_shape(one) if (one := registered_as(each, known)) else None,
            cameras=[
                registered_shape(camera) for camera in registered_at(each, known)[:_MOST_AT_ONE]
            ],
        )
        for device, each in zip(report.devices, traits, strict=True)
    ]
    shape = job_shape(replace(job, result=b""))
    return DiscoveryShape(job=shape, devices=found)
