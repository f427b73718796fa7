"""The history of a camera: who changed what, when, from which value to which.

No entry ever holds a secret: of credentials it says only that they were set, replaced or removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from camera_registry.model import Actor, Camera
from camera_registry.stored import StoredCamera

SYSTEM = Actor("", "camhub")
"""Whoever changes something without being anybody: the hub itself."""

CREATED, CHANGED, DELETED = "created", "changed", "deleted"

_OWN = {
    "id",
    "version",
    "created_us",
    "updated_us",
    "has_credentials",
    "weak_credentials",
    "details",
}
"""What is no change of its own: counted, dated, or told in another way."""


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """One change. ``changes`` maps a field to its old and new value; ``camera`` is the result.

    The last entry of a deleted camera holds it as it was before. ``change_id`` is the id of the
    bulk edit that made the change, or empty.
    """

    version: int
    at_us: int
    actor: Actor
    action: str
    changes: dict[str, tuple[Any, Any]]
    camera: Camera
    change_id: str = ""


def entry_of(
    before: StoredCamera | None,
    after: StoredCamera,
    by: Actor,
    action: str = "",
    change_id: str = "",
) -> VersionEntry:
    """Describe a change; without ``before`` every field that says something is new."""
    old, new = _fields(before) if before else {}, _fields(after)
    changes = {
        field: (old.get(field), value)
        for field, value in new.items()
        if old.get(field) != value and (before is not None or value not in ("", None, [], {}))
    }
    if before is not None and before.sealed and after.sealed and before.sealed != after.sealed:
        changes["credentials"] = ("set", "replaced")
    return VersionEntry(
        after.camera.version,
        after.camera.updated_us,
        by,
        action or (CHANGED if before else CREATED),
        changes,
        after.camera,
        change_id,
    )


def renewed_entry(camera: Camera, by: Actor) -> VersionEntry:
    """Describe that the shared log-in of a camera was changed; ``camera`` is as it is after."""
    changes = {"credentials": ("set", "replaced")}
    return VersionEntry(camera.version, camera.updated_us, by, CHANGED, changes, camera)


def snapshot(camera: Camera) -> str:
    """Write a camera as JSON."""
    return msgspec.json.encode(camera).decode()


def from_snapshot(text: str) -> Camera:
    """Read a camera; fields that camhub did not know then have their defaults."""
    return msgspec.json.decode(text, type=Camera)


def _fields(stored: StoredCamera) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(stored.camera)
    fields = {name: value for name, value in values.items() if name not in _OWN}
    fields |= values["details"]
    fields["credentials"] = "set" if stored.sealed or stored.camera.credential_id else None
    fields["rules"] = stored.rules
    return {("class" if name == "camera_class" else name): each for name, each in fields.items()}
