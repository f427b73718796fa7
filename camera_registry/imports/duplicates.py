"""Cameras that are there twice: by address, serial number, code, or place and view."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from camera_registry.geo.distance import metres
from camera_registry.imports.messages import Message, error, warning
from camera_registry.imports.rows import Draft
from camera_registry.model import Position
from camera_registry.url_form import stream_key

SAME_PLACE_M = 5.0
SAME_VIEW_DEG = 10.0
_CELL_DEG = 0.0001
"""About 11 m: what lies within 5 m is in the same cell or in one beside it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A camera as far as duplicates go. ``row`` is that of the file, 0 for a registered one.

    ``visible`` says whether the user may see it: of others not even the name is told.
    """

    name: str
    url: str
    serial: str
    code: str
    position: Position | None
    azimuth_deg: float | None
    row: int = 0
    visible: bool = True


class Duplicates:
    """Everything that is registered and, one by one, the good rows of the file."""

    def __init__(self, registered: Iterable[Known]) -> None:
        self._same: dict[tuple[str, str], Known] = {}
        self._cells: dict[tuple[int, int], list[Known]] = {}
        self.add_all(registered)

    def add_all(self, cameras: Iterable[Known]) -> None:
        """Take some cameras, as :meth:`add` does."""
        for known in cameras:
            self.add(known)

    def add(self, known: Known) -> None:
        """Take a camera; of several with the same address the first counts."""
        for key in _keys(known.url, known.serial, known.code):
            self._same.setdefault(key, known)
        if known.position is not None:
            self._cells.setdefault(_cell(known.position), []).append(known)

    def findings(self, draft: Draft) -> list[Message]:
        """Say what else is the same camera as this row."""
        return self.same_as(known_of(draft))

    def same_as(self, camera: Known) -> list[Message]:
        """Say what else is the same as this camera."""
        found: list[Message] = []
        for field, value in _keys(camera.url, camera.serial, camera.code):
            other = self._same.get((field, value))
            if other is not None:
                found.append(_same(field, other))
        if camera.position is not None:
            found += self._beside(camera.position, camera.azimuth_deg)
        return found

    def _beside(self, position: Position, azimuth: float | None) -> Iterator[Message]:
        x, y = _cell(position)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for other in self._cells.get((x + dx, y + dy), ()):
                    finding = _same_view(position, azimuth, other)
                    if finding is not None:
                        yield finding
                        return


def known_of(draft: Draft) -> Known:
    """Return a row of the file as something that later rows may repeat."""
    azimuth = draft.values.get("azimuth_deg")
    return Known(
        name=_text(draft, "name"),
        url=draft.url,
        serial=_text(draft, "serial"),
        code=_text(draft, "code"),
        position=draft.position,
        azimuth_deg=azimuth if isinstance(azimuth, float) else None,
        row=draft.number,
    )


def _same_view(position: Position, azimuth: float | None, other: Known) -> Message | None:
    if other.position is None:
        return None
    away = metres((position.lon, position.lat), (other.position.lon, other.position.lat))
    if away > SAME_PLACE_M:
        return None
    words = {"other": _name(other), "metres": f"{SAME_PLACE_M:g}"}
    if azimuth is None or other.azimuth_deg is None:
        return warning("azimuth_deg", "same_place", **words)
    turn = abs((azimuth - other.azimuth_deg + 180) % 360 - 180)
    if turn > SAME_VIEW_DEG:
        return None
    return error("azimuth_deg", "same_place_and_view", **words)


def _same(field: str, other: Known) -> Message:
    if other.row:
        return error(field, "duplicate_in_file", row=str(other.row))
    if not other.visible:
        return error(field, "duplicate_elsewhere")
    return error(field, "duplicate_of_camera", camera=other.name)


def _name(other: Known) -> str:
    if other.row:
        return f"#{other.row}"
    return f"“{other.name}”" if other.visible else "–"


def _keys(url: str, serial: str, code: str) -> list[tuple[str, str]]:
    keys = (
        ("url", stream_key(url) if url else ""),
        ("serial", serial.casefold()),
        ("code", code.upper()),
    )
    return [(field, value) for field, value in keys if value]


def _text(draft: Draft, field: str) -> str:
    value = draft.values.get(field)
    return value.strip() if isinstance(value, str) else ""


def _cell(position: Position) -> tuple[int, int]:
    return math.floor(position.lon / _CELL_DEG), math.floor(position.lat / _CELL_DEG)
