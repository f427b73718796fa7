"""What a bulk edit does to each of its cameras."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from msgspec import UNSET, UnsetType

from camera_registry.changes import DETAIL_FIELDS
from camera_registry.model import Camera, CameraClass
from camera_registry.records import CameraChange


@dataclass(frozen=True, slots=True)
class BulkChange:
    """The same change for many cameras; what is UNSET stays as each camera has it.

    Fields that are a camera's own, such as its name, address and serial number, are not among them.
    """

    unit_code: str | UnsetType = UNSET
    camera_class: CameraClass | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    transport: str | UnsetType = UNSET
    gate: str | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    detector: str | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    purpose: str | UnsetType = UNSET
    make: str | UnsetType = UNSET
    model: str | UnsetType = UNSET
    firmware: str | UnsetType = UNSET
    retention_class: str | UnsetType = UNSET
    sign_posted: bool | UnsetType | None = UNSET
    installed_on: date | UnsetType | None = UNSET
    checked_on: date | UnsetType | None = UNSET
    height_m: float | UnsetType | None = UNSET
    fov_deg: float | UnsetType | None = UNSET
    view_m: float | UnsetType | None = UNSET
    target_px_m: float | UnsetType | None = UNSET
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    add_groups: tuple[str, ...] = ()
    remove_groups: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it changes nothing at all."""
        return not self._given and not (
            self.add_tags or self.remove_tags or self.add_groups or self.remove_groups
        )

    def of(self, camera: Camera) -> CameraChange:
        """Return the change of one camera, made for the version of it that is given."""
        given = self._given
        details = {name: value for name, value in given.items() if name in DETAIL_FIELDS}
        own = {name: value for name, value in given.items() if name not in DETAIL_FIELDS}
        return CameraChange(
            **own,
            tags=_merged(camera.tags, self.add_tags, self.remove_tags),
            groups=_merged(camera.groups, self.add_groups, self.remove_groups),
            version=camera.version,
            details=details,
        )

    @property
    def _given(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value
            for name, value in values.items()
            if value is not UNSET and not name.startswith(("add_", "remove_"))
        }


def _merged(
    present: Iterable[str], more: Iterable[str], fewer: tuple[str, ...]
) -> tuple[str, ...] | UnsetType:
    """Return what there is with some more and some fewer; UNSET where that is the same."""
    before = tuple(present)
    after = tuple(each for each in dict.fromkeys((*before, *more)) if each not in fewer)
    return UNSET if after == before else after
