"""The tables of imports and their rows, and their values as rows of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from camera_registry.adapters.database import metadata
from camera_registry.imports.messages import Message
from camera_registry.imports.model import Import, ImportRow, ImportState, RowState
from camera_registry.model import Actor

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("owner_id", sa.String(36), nullable=False, index=True),
    sa.Column("owner_name", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("mode", sa.String(16), nullable=False),
    sa.Column("headings", sa.JSON, nullable=False),
    sa.Column("mapping", sa.JSON, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("cancel", sa.Boolean, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
)

import_rows = sa.Table(
    "import_rows",
    metadata,
    sa.Column(
        "import_id",
        sa.String(36),
        sa.ForeignKey("imports.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("warned", sa.Boolean, nullable=False),
    sa.Column("cells", sa.Text, nullable=False),
    sa.Column("messages", sa.Text, nullable=False),
    sa.Column("camera_id", sa.String(36), nullable=False),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
sa.Index("ix_import_rows_state", import_rows.c.import_id, import_rows.c.state, import_rows.c.number)

_read_messages = msgspec.json.Decoder(tuple[Message, ...]).decode
_read_cells = msgspec.json.Decoder(tuple[str, ...]).decode


def mapping_json(mapping: Mapping[int, str]) -> dict[str, str]:
    """Write which column holds which field: JSON has no numbers as keys."""
    return {str(index): field for index, field in mapping.items()}


def import_of(row: sa.RowMapping) -> Import:
    """Read an import; the counts of its rows are told apart."""
    return Import(
        id=row["id"],
        owner=Actor(row["owner_id"], row["owner_name"]),
        file_name=row["file_name"],
        bytes=row["bytes"],
        state=ImportState(row["state"]),
        headings=tuple(row["headings"]),
        mapping={int(index): field for index, field in row["mapping"].items()},
        created_us=row["created_us"],
        updated_us=row["updated_us"],
        mode=row["mode"],
        total=row["total"],
        done=row["done"],
        code=row["code"],
        error=row["error"],
        hint=row["hint"],
        cancel=row["cancel"],
    )


def row_values(import_id: str, row: ImportRow) -> dict[str, Any]:
    """Write a row."""
    return {
        "import_id": import_id,
        "number": row.number,
        "state": row.state.value,
        "warned": bool(row.messages) and row.state is not RowState.WRONG,
        "cells": msgspec.json.encode(row.cells).decode(),
        "messages": msgspec.json.encode(row.messages).decode(),
        "camera_id": row.camera_id,
        "camera": row.camera,
        "sealed": row.sealed,
    }


def import_row_of(row: sa.RowMapping) -> ImportRow:
    """Read a row."""
    return ImportRow(
        number=row["number"],
        state=RowState(row["state"]),
        cells=_read_cells(row["cells"]),
        messages=_read_messages(row["messages"]),
        camera_id=row["camera_id"],
        camera=row["camera"],
        sealed=row["sealed"],
    )
