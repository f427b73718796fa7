"""A change put into effect: pure, but for the checks of each field."""

from __future__ import annotations

from dataclasses import fields, replace

from msgspec import UNSET

from camera_registry.base.errors import InvalidError
from camera_registry.checks import (
    checked_detector,
    checked_gate,
    checked_groups,
    checked_name,
    checked_position,
    checked_priority,
    checked_tags,
    checked_transport,
)
from camera_registry.detail_checks import checked_details
from camera_registry.details import Details
from camera_registry.model import Camera
from camera_registry.naming import checked_code
from camera_registry.records import CameraChange, NewCamera

DETAIL_FIELDS = frozenset(field.name for field in fields(Details))


def drafted(new: NewCamera, camera_id: str, unit_code: str, now_us: int) -> Camera:
    """Return a new camera but for its URLs and its credentials. Raises InvalidError."""
    return Camera(
        id=camera_id,
        name=checked_name(new.name),
        unit_code=unit_code,
        url="",
        position=checked_position(new.position),
        enabled=new.enabled,
        transport=checked_transport(new.transport),
        tags=checked_tags(new.tags),
        created_us=now_us,
        updated_us=now_us,
        gate=checked_gate(new.gate),
        priority=checked_priority(new.priority),
        detector=checked_detector(new.detector),
        code=checked_code(new.code),
        camera_class=new.camera_class,
        groups=checked_groups(new.groups),
        details=checked_details(new.details),
    )


def described(camera: Camera, change: CameraChange, unit_code: str) -> Camera:
    """Return the camera with all changed but its URLs and its credentials. Raises InvalidError."""
    camera = replace(
        camera,
        unit_code=unit_code,
        name=camera.name if change.name is UNSET else checked_name(change.name),
        position=camera.position if change.position is UNSET else checked_position(change.position),
        enabled=camera.enabled if change.enabled is UNSET else change.enabled,
        tags=camera.tags if change.tags is UNSET else checked_tags(change.tags),
        code=camera.code if change.code is UNSET else checked_code(change.code),
        groups=camera.groups if change.groups is UNSET else checked_groups(change.groups),
    )
    if change.camera_class is not UNSET:
        camera = replace(camera, camera_class=change.camera_class)
    if change.details:
        camera = replace(camera, details=_details(camera.details, change))
    return _run(camera, change)


def _run(camera: Camera, change: CameraChange) -> Camera:
    """Return the camera with the fields changed that say how it is run."""
    if change.transport is not UNSET:
        camera = replace(camera, transport=checked_transport(change.transport))
    if change.gate is not UNSET:
        camera = replace(camera, gate=checked_gate(change.gate))
    if change.priority is not UNSET:
        camera = replace(camera, priority=checked_priority(change.priority))
    if change.detector is not UNSET:
        camera = replace(camera, detector=checked_detector(change.detector))
    return camera


def _details(before: Details, change: CameraChange) -> Details:
    unknown = sorted(change.details.keys() - DETAIL_FIELDS)
    if unknown:
        raise InvalidError(f"{unknown[0][:40]}: a camera has no such field", code="validation")
    return checked_details(replace(before, **change.details))
