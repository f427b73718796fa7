"""The JSON of imports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from camera_registry.base.clock import us_to_iso
from camera_registry.imports.messages import Level, Message
from camera_registry.imports.model import Import, ImportRow, ImportState, Mode, RowState
from ioc_api.web.languages import Words
from ioc_api.web.shapes import Body

Encoding = Literal["", "utf-8", "utf-16", "windows-1258"]


class ColumnShape(BaseModel):
    """A field of a camera that a file may have a column for."""

    field: str
    vi: str
    en: str
    required: bool


class Columns(BaseModel):
    """All of them, in the order of the template."""

    items: list[ColumnShape]


class ImportShape(BaseModel):
    """An import. ``done`` of ``total`` rows is the progress of what is at work.

    ``mapping`` says by the number of a column which field it holds. ``interrupted``: its process
    ended in the middle of the work; begin the step again. Times are RFC 3339 in UTC.
    """

    id: str
    owner: str
    file_name: str
    bytes: int
    state: ImportState
    interrupted: bool
    mode: str
    headings: list[str]
    mapping: dict[str, str]
    total: int
    done: int
    good: int
    wrong: int
    warned: int
    applied: int
    undone: int
    kept: int
    code: str
    error: Words
    hint: Words
    created_at: str
    updated_at: str


class ImportPage(BaseModel):
    """Imports, the latest first; the counts of their rows are told by each one's own address."""

    items: list[ImportShape]
    next_cursor: str | None


class MessageShape(BaseModel):
    """A finding in one cell, in both languages."""

    field: str
    code: str
    level: Level
    vi: str
    en: str


class RowShape(BaseModel):
    """A row of the file. In ``cells`` all secrets are blotted out."""

    number: int
    state: RowState
    cells: list[str]
    messages: list[MessageShape]
    camera_id: str | None


class RowPage(BaseModel):
    """Rows by their numbers."""

    items: list[RowShape]
    next_cursor: str | None


class CheckBody(Body):
    """How to read the file. Without ``mapping`` the columns are those that were recognised."""

    mapping: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,2})$")],
            Annotated[str, Field(max_length=40)],
        ]
        | None,
        Field(max_length=200),
    ] = None
    encoding: Encoding = ""


class ApplyBody(Body):
    """What becomes of the good rows where others are wrong."""

    mode: Annotated[Mode, Field(strict=False)]


def import_shape(record: Import, now_us: int) -> ImportShape:
    """Write an import as JSON."""

    def count(state: RowState) -> int:
        return record.counts.get(state, 0)

    return ImportShape(
        id=record.id,
        owner=record.owner.name,
        file_name=record.file_name,
        bytes=record.bytes,
        state=record.state,
        interrupted=record.interrupted(now_us),
        mode=record.mode,
        headings=list(record.headings),
        mapping={str(index): field for index, field in record.mapping.items()},
        total=record.total,
        done=record.done,
        good=count(RowState.GOOD),
        wrong=count(RowState.WRONG),
        warned=record.warned,
        applied=count(RowState.APPLIED),
        undone=count(RowState.UNDONE),
        kept=count(RowState.KEPT),
        code=record.code,
        error=record.error,
        hint=record.hint,
        created_at=us_to_iso(record.created_us),
        updated_at=us_to_iso(record.updated_us),
    )


def row_shape(row: ImportRow) -> RowShape:
    """Write a row as JSON."""
    return RowShape(
        number=row.number,
        state=row.state,
        cells=list(row.cells),
        messages=[_message(message) for message in row.messages],
        camera_id=row.camera_id or None,
    )


def _message(message: Message) -> MessageShape:
    return MessageShape(
        field=message.field,
        code=message.code,
        level=message.level,
        vi=message.words("vi"),
        en=message.words("en"),
    )
