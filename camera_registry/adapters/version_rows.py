"""An entry of a camera's history as a row, and back."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from camera_registry.model import Actor
from camera_registry.versions import VersionEntry, from_snapshot, snapshot


def entry_row(entry: VersionEntry) -> dict[str, Any]:
    """Write an entry of the history as a row."""
    return {
        "camera_id": entry.camera.id,
        "version": entry.version,
        "at_us": entry.at_us,
        "actor_id": entry.actor.id,
        "actor_name": entry.actor.name,
        "action": entry.action,
        "unit_code": entry.camera.unit_code,
        "changes": msgspec.json.encode(entry.changes).decode(),
        "snapshot": snapshot(entry.camera),
        "change_id": entry.change_id,
    }


def entry_of_row(row: sa.RowMapping) -> VersionEntry:
    """Read an entry."""
    return VersionEntry(
        row["version"],
        row["at_us"],
        Actor(row["actor_id"], row["actor_name"]),
        row["action"],
        msgspec.json.decode(row["changes"], type=dict[str, tuple[Any, Any]]),
        from_snapshot(row["snapshot"]),
        row["change_id"],
    )
