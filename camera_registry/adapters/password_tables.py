"""The tables of changes of passwords, and their values as rows of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from camera_registry.adapters.database import metadata
from camera_registry.model import Actor
from camera_registry.passwords.model import (
    ChangeRow,
    ChangeState,
    Mode,
    PasswordChange,
    RowState,
)

password_changes = sa.Table(
    "password_changes",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("owner_id", sa.String(36), nullable=False),
    sa.Column("owner_name", sa.Text, nullable=False),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("random", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("cancel", sa.Boolean, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("holder", sa.String(36), nullable=False),
    sa.Column("alive_us", sa.BigInteger, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
)

password_rows = sa.Table(
    "password_rows",
    metadata,
    sa.Column(
        "change_id",
        sa.String(36),
        sa.ForeignKey("password_changes.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("camera_id", sa.String(36), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("job_id", sa.String(36), nullable=False),
    sa.Column("asked", sa.Boolean, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
)
"""No foreign key to the camera: what happened to it is told after it is gone."""
sa.Index(
    "ix_password_rows_state",
    password_rows.c.change_id,
    password_rows.c.state,
    password_rows.c.number,
)


def change_values(change: PasswordChange) -> dict[str, Any]:
    """Write a new change."""
    return {
        "id": change.id,
        "owner_id": change.owner.id,
        "owner_name": change.owner.name,
        "mode": change.mode.value,
        "random": change.random,
        "state": change.state.value,
        "cancel": change.cancel,
        "total": change.total,
        "holder": "",
        "alive_us": 0,
        "created_us": change.created_us,
        "updated_us": change.updated_us,
    }


def change_of(row: sa.RowMapping) -> PasswordChange:
    """Read a change; the counts of its rows are told apart."""
    return PasswordChange(
        id=row["id"],
        owner=Actor(row["owner_id"], row["owner_name"]),
        mode=Mode(row["mode"]),
        random=row["random"],
        total=row["total"],
        created_us=row["created_us"],
        updated_us=row["updated_us"],
        state=ChangeState(row["state"]),
        cancel=row["cancel"],
    )


def row_values(row: ChangeRow) -> dict[str, Any]:
    """Write a row."""
    return {**{name: getattr(row, name) for name in _FIELDS}, "state": row.state.value}


def row_of(row: sa.RowMapping) -> ChangeRow:
    """Read a row."""
    return ChangeRow(**{**{name: row[name] for name in _FIELDS}, "state": RowState(row["state"])})


_FIELDS = tuple(ChangeRow.__dataclass_fields__)
