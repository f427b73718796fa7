"""The tables of bulk edits and their lines, and their values as rows of them."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from camera_registry.adapters.database import metadata
from camera_registry.edits.change import BulkChange
from camera_registry.edits.model import Edit, EditLine, EditState, LineState
from camera_registry.model import Actor

camera_edits = sa.Table(
    "camera_edits",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("owner_id", sa.String(36), nullable=False, index=True),
    sa.Column("owner_name", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("change", sa.Text, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("cancel", sa.Boolean, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
)

camera_edit_lines = sa.Table(
    "camera_edit_lines",
    metadata,
    sa.Column(
        "edit_id",
        sa.String(36),
        sa.ForeignKey("camera_edits.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("camera_id", sa.String(36), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("changes", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
)
sa.Index(
    "ix_camera_edit_lines_state",
    camera_edit_lines.c.edit_id,
    camera_edit_lines.c.state,
    camera_edit_lines.c.number,
)

_SAME = ("id", "total", "done", "code", "error", "hint", "cancel", "created_us", "updated_us")
_read_change = msgspec.json.Decoder(BulkChange).decode
_read_changes = msgspec.json.Decoder(dict[str, tuple[Any, Any]]).decode


def edit_values(edit: Edit) -> dict[str, Any]:
    """Write an edit as a row."""
    return {
        **{name: getattr(edit, name) for name in _SAME},
        "owner_id": edit.owner.id,
        "owner_name": edit.owner.name,
        "state": edit.state.value,
        "change": msgspec.json.encode(edit.change).decode(),
    }


def edit_of(row: sa.RowMapping) -> Edit:
    """Read an edit; the counts of its lines are told apart."""
    return Edit(
        **{name: row[name] for name in _SAME},
        owner=Actor(row["owner_id"], row["owner_name"]),
        state=EditState(row["state"]),
        change=_read_change(row["change"]),
    )


def line_values(edit_id: str, line: EditLine) -> dict[str, Any]:
    """Write a line as a row."""
    return {
        "edit_id": edit_id,
        "number": line.number,
        "state": line.state.value,
        "camera_id": line.camera_id,
        "name": line.name,
        "version": line.version,
        "code": line.code,
        "message": line.message,
        "changes": msgspec.json.encode(line.changes).decode(),
        "before": line.before,
    }


def line_of(row: sa.RowMapping) -> EditLine:
    """Read a line."""
    return EditLine(
        number=row["number"],
        camera_id=row["camera_id"],
        name=row["name"],
        state=LineState(row["state"]),
        version=row["version"],
        code=row["code"],
        message=row["message"],
        changes=_read_changes(row["changes"]),
        before=row["before"],
    )
