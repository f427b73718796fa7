"""The dry run: from a file to rows that are good or wrong, without touching any camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from camera_registry.base.errors import CamhubError, ForbiddenError, InvalidError
from camera_registry.details import Details, StreamProfile
from camera_registry.imports.blotting import BLOT, blotted
from camera_registry.imports.columns import BY_FIELD
from camera_registry.imports.duplicates import Duplicates, known_of
from camera_registry.imports.limits import Limits, Row
from camera_registry.imports.messages import Message, error
from camera_registry.imports.model import ImportRow, RowState
from camera_registry.imports.rows import Draft, RowReader
from camera_registry.imports.tables import as_table, open_rows
from camera_registry.model import CameraClass
from camera_registry.records import NewCamera
from camera_registry.stored import StoredCamera
from camera_registry.versions import snapshot

_DETAILS = frozenset(Details.__dataclass_fields__)
_COLUMNS = {
    "unit_code": "unit",
    "class": "camera_class",
    "sub": "sub_url",
    "credential_id": "credential",
}
_PLAIN = frozenset(("name", "transport", "tags", "enabled", "priority", "code"))


@dataclass(frozen=True, slots=True)
class FileRows:
    """A whole file in memory: its headings and its rows."""

    headings: tuple[str, ...]
    rows: Sequence[Row]


def read_file(path: Path, limits: Limits, encoding: str = "") -> FileRows:
    """Read a file. Raises InvalidError where it is broken or too large."""
    with open_rows(path, limits, encoding) as rows:
        table = as_table(rows, limits)
        return FileRows(table.headings, tuple(table.rows))


class Checker:
    """Checks rows one after another. ``draft`` is the registry's own check of a new camera."""

    def __init__(
        self,
        headings: tuple[str, ...],
        mapping: dict[int, str],
        reader: RowReader,
        duplicates: Duplicates,
        draft: Callable[[NewCamera], StoredCamera],
    ) -> None:
        self._headings = headings
        self._mapping = mapping
        self._reader = reader
        self._duplicates = duplicates
        self._draft = draft

    def check(self, rows: Sequence[Row]) -> list[ImportRow]:
        """Check some rows; what is good counts among the duplicates of those that follow."""
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> ImportRow:
        draft = self._reader.read(row)
        draft.messages += self._left_blots(row)
        draft.messages += self._duplicates.findings(draft)
        stored: StoredCamera | None = None
        if draft.good:
            try:
                stored = self._draft(new_camera(draft))
            except (InvalidError, ForbiddenError) as refused:
                draft.messages.append(_refused(refused))
        cells = blotted(self._headings, self._mapping, row.cells)
        if stored is None or not draft.good:
            return ImportRow(row.number, RowState.WRONG, cells, tuple(draft.messages))
        self._duplicates.add(known_of(draft))
        return ImportRow(
            row.number,
            RowState.GOOD,
            cells,
            tuple(draft.messages),
            camera_id=stored.camera.id,
            camera=snapshot(stored.camera),
            sealed=stored.sealed,
        )

    def _left_blots(self, row: Row) -> Iterator[Message]:
        for index, field in self._mapping.items():
            if BLOT in row.cells[index]:
                yield error(field, "secret_blotted")


def new_camera(draft: Draft) -> NewCamera:
    """Return what a good row asks for."""
    values = draft.values
    details: dict[str, Any] = {name: value for name, value in values.items() if name in _DETAILS}
    if draft.sub_url:
        details["sub"] = StreamProfile(url=draft.sub_url)
    new = NewCamera(
        name=cast(str, values["name"]),
        unit_code=draft.unit.code if draft.unit is not None else "",
        url=draft.url,
        position=draft.position,
        credentials=draft.credentials,
        groups=draft.groups,
        credential_id=draft.credential_id,
        details=Details(**details),
    )
    plain: dict[str, Any] = {name: value for name, value in values.items() if name in _PLAIN}
    if "camera_class" in values:
        plain["camera_class"] = CameraClass(cast(str, values["camera_class"]))
    return replace(new, **plain)


def _refused(refused: CamhubError) -> Message:
    """Turn a refusal of the registry, which names its field first, into a finding in a cell."""
    field, _, words = refused.message.partition(": ")
    name = _COLUMNS.get(field, field)
    if name not in BY_FIELD:
        return error("name", "refused", reason=refused.message)
    return error(name, "refused", reason=words)
