"""The JSON of bulk edits."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.checks import MAX_GROUPS, MAX_TAG, MAX_TAGS
from camera_registry.edits.change import BulkChange
from camera_registry.edits.model import Edit, EditLine, EditState, LineState
from ioc_api.routes.camera_fields import Class, Day, Gate, Number, Priority, Transport
from ioc_api.routes.camera_versions import FieldChange
from ioc_api.web.languages import Words
from ioc_api.web.shapes import Body

MAX_IDS = 10_000
_NULLABLE = frozenset(
    {
        "sign_posted",
        "installed_on",
        "checked_on",
        "height_m",
        "fov_deg",
        "view_m",
        "target_px_m",
    }
)

Id = Annotated[str, Field(min_length=1, max_length=36)]
Tags = Annotated[list[Annotated[str, Field(max_length=MAX_TAG)]], Field(max_length=MAX_TAGS)]
Groups = Annotated[list[Id], Field(max_length=MAX_GROUPS)]


class EditChange(Body):
    """What becomes of each camera; what is left out stays as it is.

    Tags and groups are added to those of each camera, or taken from them.
    """

    model_config = ConfigDict(populate_by_name=True)

    unit_code: str | None = None
    camera_class: Class | None = Field(None, alias="class")
    enabled: bool | None = None
    transport: Transport | None = None
    gate: Gate | None = None
    priority: Priority | None = None
    detector: str | None = None
    owner: str | None = None
    purpose: str | None = None
    make: str | None = None
    model: str | None = None
    firmware: str | None = None
    retention_class: str | None = None
    sign_posted: bool | None = None
    installed_on: Day | None = None
    checked_on: Day | None = None
    height_m: Number | None = None
    fov_deg: Number | None = None
    view_m: Number | None = None
    target_px_m: Number | None = None
    add_tags: Tags = Field(default_factory=list)
    remove_tags: Tags = Field(default_factory=list)
    add_groups: Groups = Field(default_factory=list)
    remove_groups: Groups = Field(default_factory=list)

    def change(self) -> BulkChange:
        """Return the value behind it. Raises InvalidError."""
        for name in sorted(self.model_fields_set - _NULLABLE):
            if getattr(self, name) is None:
                shown = "class" if name == "camera_class" else name
                raise InvalidError(f"{shown}: must not be null", code="null")
        given = self.model_dump(mode="json", exclude_unset=True)
        return msgspec.convert(given, BulkChange)


class EditBody(Body):
    """A change and, in ``ids``, to which of the cameras that the query asks for; null: to all."""

    change: EditChange
    ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS)] | None = None


class EditShape(BaseModel):
    """A bulk edit. ``done`` of ``total`` cameras is the progress of what is at work.

    ``total`` is 0 while nobody knows it. ``interrupted``: its process ended in the middle of the
    work. ``change`` holds what was asked for. Times are RFC 3339 in UTC.
    """

    id: str
    owner: str
    state: EditState
    interrupted: bool
    change: dict[str, Any]
    total: int
    done: int
    good: int
    same: int
    refused: int
    applied: int
    undone: int
    kept: int
    code: str
    error: Words
    hint: Words
    created_at: str
    updated_at: str


class EditPage(BaseModel):
    """Edits, the latest first; the counts of their cameras are told by each one's own address."""

    items: list[EditShape]
    next_cursor: str | None


class LineShape(BaseModel):
    """A camera of an edit. ``code`` and ``message``: why it is refused, or was kept."""

    number: int
    camera_id: str
    name: str
    state: LineState
    version: int
    code: str
    message: Words
    changes: list[FieldChange]


class LinePage(BaseModel):
    """Cameras of an edit by their numbers."""

    items: list[LineShape]
    next_cursor: str | None


def edit_shape(edit: Edit, now_us: int) -> EditShape:
    """Write an edit as JSON."""
    change: dict[str, Any] = msgspec.to_builtins(edit.change)
    if "camera_class" in change:
        change["class"] = change.pop("camera_class")
    return EditShape(
        id=edit.id,
        owner=edit.owner.name,
        state=edit.state,
        interrupted=edit.interrupted(now_us),
        change={name: value for name, value in change.items() if value != ()},
        total=edit.total,
        done=edit.done,
        **{state.value: edit.counts.get(state, 0) for state in LineState},
        code=edit.code,
        error=edit.error,
        hint=edit.hint,
        created_at=us_to_iso(edit.created_us),
        updated_at=us_to_iso(edit.updated_us),
    )


def line_shape(line: EditLine) -> LineShape:
    """Write a line as JSON."""
    return LineShape(
        number=line.number,
        camera_id=line.camera_id,
        name=line.name,
        state=line.state,
        version=line.version,
        code=line.code,
        message=line.message,
        changes=[
            FieldChange(field=field, old=old, new=new)
            for field, (old, new) in sorted(line.changes.items())
        ],
    )
