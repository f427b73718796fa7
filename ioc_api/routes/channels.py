"""``/api/v1/jobs/{task_id}/channels``, ``…/camera``: what was probed becomes cameras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.errors import ConflictError, InvalidError
from camera_registry.channels import Channel, channels_of, registered_channel
from camera_registry.details import Capabilities, Details, StreamProfile
from camera_registry.jobs import Job
from camera_registry.likeness import LikelyCamera
from camera_registry.model import CameraClass
from camera_registry.probe import PROBE, OnvifProfile, OnvifReport
from camera_registry.probe import decode_report as decode_probe
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ioc_api.access.guard import By, Granted, Me, permission
from ioc_api.access.rbac import Action, Principal
from ioc_api.routes.camera_fields import PositionShape
from ioc_api.routes.camera_shapes import CameraShape, camera_shape
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.routes.jobs import visible_job
from ioc_api.routes.probe import credentials_of
from ioc_api.web.shapes import Body

router = APIRouter(tags=["devices"])


class RegisteredShape(BaseModel):
    """The camera that a device, or a channel of it, is registered as."""

    id: str
    code: str
    name: str
    unit_code: str


class ChannelShape(BaseModel):
    """A video source of a device: a camera has one, a recorder many.

    ``number`` counts from 1, ``main`` and ``sub`` are the tokens of the profiles that are proposed,
    empty where it has no stream that is allowed. ``camera`` is null where it is new, or registered
    where the caller may see nothing.
    """

    source: str
    number: int
    name: str
    main: str
    sub: str
    camera: RegisteredShape | None


class ChannelsShape(BaseModel):
    """The channels of a device in its own order, at most as many as a probe reads profiles."""

    channels: list[ChannelShape]


class FoundCameraBody(Body):
    """A camera out of the probe of an ONVIF device: its unit, its name, which source and profiles.

    Without a ``source`` it is that of the profile ``main``, or else the one with the largest
    picture. Without profiles the largest of the source is the main stream and the smallest other
    one the sub stream.
    """

    unit_code: str
    name: str = ""
    source: Annotated[str, Field(max_length=120)] = ""
    main: str = ""
    sub: str | None = None
    username: Annotated[str, Field(max_length=256)] | None = None
    password: Annotated[SecretStr, Field(max_length=256)] | None = None
    position: PositionShape | None = None
    camera_class: Annotated[CameraClass, Field(strict=False)] = CameraClass.OTHER
    enabled: bool = True


@router.get("/api/v1/jobs/{task_id}/channels", **permission(Action.CAMERA_MANAGE))
async def list_channels(deps: Deps, me: Me, scope: Granted, task_id: str) -> ChannelsShape:
    """List the channels of a device that was probed, and as which camera each is registered."""
    device = await _device(deps, me, task_id)
    known = await _known(deps, device, scope)
    channels = channels_of(device)
    return ChannelsShape(
        channels=[
            ChannelShape(
                source=each.source,
                number=each.number,
                name=_name(device, each, len(channels)),
                main=each.main.token if each.main else "",
                sub=sub.token if each.main and (sub := each.sub_beside(each.main)) else "",
                camera=registered_shape(one)
                if (one := registered_channel(device, each, known))
                else None,
            )
            for each in channels
        ]
    )


@router.post(
    "/api/v1/jobs/{task_id}/camera",
    status_code=201,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def register_found(
    deps: Deps, me: Me, by: By, scope: Granted, task_id: str, body: FoundCameraBody
) -> CameraShape:
    """Register a device that was probed, or one channel of it: streams, make and abilities come
    along, and the serial number where the device is the camera itself.
    """
    device = await _device(deps, me, task_id)
    channel, main, sub = _chosen(device, body)
    camera = registered_channel(device, channel, await _known(deps, device, scope))
    if camera is not None:
        raise ConflictError(
            f"This device is registered already, as {camera.name}"
            if _alone(device)
            else f"This channel is registered already, as {camera.name}",
            hint="open that camera to change it",
            code="registered",
        )
    new = NewCamera(
        name=body.name or _name(device, channel, len(channels_of(device))),
        unit_code=body.unit_code,
        url=main.stream_url,
        position=body.position.position() if body.position else None,
        credentials=credentials_of(body.username, body.password),
        enabled=body.enabled,
        camera_class=body.camera_class,
        details=_details(device, channel, main, sub),
    )
    made = await deps.registry.add(new, scope, by=by)
    return camera_shape(made, deps.units.get(made.unit_code), deps.states.status(made))


def registered_shape(camera: LikelyCamera) -> RegisteredShape:
    """Return what is told of a camera that a device is registered as."""
    return RegisteredShape(
        id=camera.id, code=camera.code, name=camera.name, unit_code=camera.unit_code
    )


async def job_of_kind(deps: ApiDeps, me: Principal, task_id: str, kind: str) -> Job:
    """Return a job of this kind. Raises NotFoundError, and InvalidError for another kind."""
    job = await visible_job(deps, me, task_id)
    if job.kind != kind:
        raise InvalidError(f"this job is no {kind}", code="job_kind")
    return job


async def _device(deps: ApiDeps, me: Principal, task_id: str) -> OnvifReport:
    job = await job_of_kind(deps, me, task_id, PROBE)
    report = decode_probe(job.result) if job.result else None
    if report is None or report.device is None:
        raise InvalidError(
            "This probe has found no ONVIF device",
            hint="probe it again with its credentials",
            code="no_device",
        )
    return report.device


async def _known(deps: ApiDeps, device: OnvifReport, scope: Scope) -> Sequence[LikelyCamera]:
    """Return the cameras that the device or its channels may be: at the hosts of its streams."""
    urls = [each.stream_url for each in device.profiles if each.stream_url]
    hosts = {urlsplit(url).hostname or "" for url in (device.url, *urls)}
    return await deps.likely.at(sorted(hosts - {""}), [device.serial], scope)


def _alone(device: OnvifReport) -> bool:
    return len(channels_of(device)) <= 1


def _name(device: OnvifReport, channel: Channel, channels: int) -> str:
    name = device.name or f"{device.make} {device.model}".strip() or "camera"
    return name if channels <= 1 else f"{name} {channel.number}"


def _chosen(
    device: OnvifReport, body: FoundCameraBody
) -> tuple[Channel, OnvifProfile, OnvifProfile | None]:
    channel = _channel(device, body)
    usable = {each.token: each for each in channel.streams}
    main = usable.get(body.main) if body.main else channel.main
    if main is None:
        raise InvalidError("main: the device has no such profile", code="no_profile")
    if body.sub is None:
        return channel, main, channel.sub_beside(main)
    if body.sub and body.sub not in usable:
        raise InvalidError("sub: the device has no such profile", code="no_profile")
    return channel, main, usable.get(body.sub)


def _channel(device: OnvifReport, body: FoundCameraBody) -> Channel:
    """Return the channel that is meant, which has a stream."""
    channels = [each for each in channels_of(device) if each.streams]
    if not channels:
        raise InvalidError(
            "The device has no profile with a stream that is allowed",
            hint="probe it again with its credentials",
            code="no_profile",
        )
    if body.source:
        channels = [each for each in channels if each.source == body.source]
    elif body.main:
        channels = [each for each in channels if body.main in {one.token for one in each.streams}]
    if not channels:
        field = "source" if body.source else "main"
        raise InvalidError(f"{field}: the device has no such profile", code="no_profile")
    return max(channels, key=lambda each: each.streams[0].width * each.streams[0].height)


def _details(
    device: OnvifReport, channel: Channel, main: OnvifProfile, sub: OnvifProfile | None
) -> Details:
    return Details(
        make=device.make,
        model=device.model,
        firmware=device.firmware,
        serial=device.serial if _alone(device) else "",  # that of a recorder is not the camera's
        main=_stream(main, ""),
        sub=_stream(sub, sub.stream_url) if sub is not None else None,
        capabilities=Capabilities(
            ptz=any(each.ptz for each in channel.profiles),
            audio=main.audio,
            onvif_profiles=tuple(each for each in device.onvif_profiles if len(each) == 1),
            onvif_url=device.url,
            endpoint_id=device.endpoint_id,
            source_token=channel.source,
        ),
    )


def _stream(profile: OnvifProfile, url: str) -> StreamProfile:
    """Return a profile as the device declares it; a probe of the stream measures it."""
    return StreamProfile(
        url, profile.codec, profile.width, profile.height, profile.fps, profile.bitrate_kbps
    )
