"""Whether a device that was found is registered already, and as which camera."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from camera_registry.scope import Scope

_HOST, _SERVICE, _STREAM, _OWN = 1, 2, 3, 4
"""Signs that a camera is of a device, the surest last: what each of them has in common."""


@dataclass(frozen=True, slots=True)
class LikelyCamera:
    """What of a registered camera tells it from others."""

    id: str
    name: str
    unit_code: str
    url: str
    serial: str = ""
    onvif_url: str = ""
    endpoint_id: str = ""
    code: str = ""
    source_token: str = ""


class LikelyCameras(Protocol):
    """Where registered cameras are looked up."""

    async def at(
        self, hosts: Sequence[str], serials: Sequence[str], scope: Scope
    ) -> Sequence[LikelyCamera]:
        """Return cameras in scope at one of these hosts, or with one of these serial numbers."""
        ...


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a device that was found."""

    address: str
    onvif_url: str = ""
    endpoint_id: str = ""
    serial: str = ""
    urls: tuple[str, ...] = ()


def registered_as(device: Traits, cameras: Iterable[LikelyCamera]) -> LikelyCamera | None:
    """Return the camera that a device is; of several that may be, the one with the surest sign.

    A recorder shows many cameras at one address: there only the URL, the serial number or the
    endpoint tell.
    """
    best: LikelyCamera | None = None
    surest = 0
    for camera in cameras:
        sign = _sign(device, camera)
        if sign > surest:
            best, surest = camera, sign
    return best


def registered_at(device: Traits, cameras: Iterable[LikelyCamera]) -> Sequence[LikelyCamera]:
    """Return the cameras that a device is, by name: of a recorder there are many.

    Where none is known to be of this very device, those at its address.
    """
    signs = [(_sign(device, camera), camera) for camera in cameras]
    sure = [camera for sign, camera in signs if sign >= _SERVICE]
    found = sure or [camera for sign, camera in signs if sign]
    return sorted(found, key=lambda camera: (camera.name, camera.id))


def is_device(device: Traits, camera: LikelyCamera) -> bool:
    """Say whether a camera is known to be of this very device, whatever its stream."""
    return _sign(device, camera) in (_SERVICE, _OWN)


def _sign(device: Traits, camera: LikelyCamera) -> int:
    if device.endpoint_id and device.endpoint_id == camera.endpoint_id:
        return _OWN
    if device.serial and device.serial == camera.serial:
        return _OWN
    if camera.url in device.urls:
        return _STREAM
    if device.onvif_url and device.onvif_url == camera.onvif_url:
        return _SERVICE
    return _HOST if urlsplit(camera.url).hostname == device.address else 0
