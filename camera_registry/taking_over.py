"""From what a probe found to a camera's record: which of its facts are taken over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from camera_registry.base.errors import InvalidError
from camera_registry.channels import Channel, channels_of
from camera_registry.details import StreamProfile
from camera_registry.device_host import at_one_host
from camera_registry.model import Camera
from camera_registry.probe import OnvifReport, ProbeReport, StreamReport


def facts_of(camera: Camera, report: ProbeReport) -> dict[str, Any]:
    """Return the fields of ``Details`` that a probe of this camera tells, with their values.

    A stream tells codec, size, rate and bit rate as measured, of the main or the sub stream by its
    address; a device at the camera's host tells make, model, firmware, serial and what it can do.
    What it leaves open stays as it is. Raises InvalidError where the probe found nothing, or looked
    at something else.
    """
    if not report.ok:
        raise InvalidError(
            "the probe found nothing that could be kept",
            hint="mend what it told, and probe again",
            code="nothing_measured",
        )
    details = camera.details
    if report.stream is not None and report.url == camera.url:
        return {"main": _stream(StreamProfile(), report.stream)}
    if report.stream is not None and details.sub is not None and report.url == details.sub.url:
        return {"sub": _stream(details.sub, report.stream)}
    # a device at another host is another's: the log-in of this camera must not follow it there
    if report.device is not None and at_one_host(report.device.url, camera.url):
        return _device(camera, report.device)
    raise InvalidError(
        "the probe looked at another address than those of this camera",
        hint="probe the camera itself",
        code="other_camera",
    )


def _stream(before: StreamProfile, found: StreamReport) -> StreamProfile:
    return replace(
        before,
        codec=found.codec,
        width=found.width,
        height=found.height,
        fps=_finite(found.fps),
        bitrate_kbps=round(_finite(found.bitrate_kbps)),
    )


def _device(camera: Camera, found: OnvifReport) -> dict[str, Any]:
    details, channels = camera.details, channels_of(found)
    told = {"make": found.make, "model": found.model, "firmware": found.firmware}
    if len(channels) <= 1:
        told["serial"] = found.serial  # that of a recorder is not the camera's
    can = replace(
        details.capabilities,
        onvif_url=found.url,
        endpoint_id=found.endpoint_id or details.capabilities.endpoint_id,
        onvif_profiles=tuple(each for each in found.onvif_profiles if len(each) == 1)
        or details.capabilities.onvif_profiles,
    )
    channel = _own(camera, channels)
    if channel is not None:
        profiles = channel.profiles
        can = replace(
            can,
            ptz=any(each.ptz for each in profiles),
            audio=any(each.audio for each in profiles),
            source_token=channel.source or can.source_token,
        )
    return {name: value for name, value in told.items() if value} | {"capabilities": can}


def _own(camera: Camera, channels: Sequence[Channel]) -> Channel | None:
    """Return which of a device's channels a camera is; None where nothing tells."""
    if len(channels) == 1:
        return channels[0]
    source = camera.details.capabilities.source_token
    for channel in channels:
        if camera.url in [each.stream_url for each in channel.profiles]:
            return channel
    return next((each for each in channels if source and each.source == source), None)


def _finite(value: float) -> float:
    return round(value, 2) if math.isfinite(value) else 0.0
