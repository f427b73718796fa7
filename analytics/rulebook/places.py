"""Where a rule looks: zones and lines with their names, in picture coordinates. Values only."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta, Struct

from analytics.geometry import MAX_VERTICES, WHOLE_PICTURE, Point, Polygon
from camera_registry.base.errors import InvalidError

_IDENT = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_IDENT_FORM = re.compile(_IDENT.removesuffix("$") + r"\Z")
Ident = Annotated[str, Meta(pattern=_IDENT, max_length=64)]
Coordinate = Annotated[float, Meta(ge=0, le=1)]
Place = tuple[Coordinate, Coordinate]


def check_ident(ident: str) -> None:
    """Raise InvalidError where a text is no id of a rule, a zone or a line."""
    if not _IDENT_FORM.match(ident):
        raise InvalidError(
            f"{ident[:80]!r} is no id for a rule, a zone or a line",
            hint="small letters, digits, - and _, at most 64",
            code="rule_id",
        )


class Zone(Struct, frozen=True, forbid_unknown_fields=True):
    """A named part of the picture. ``id`` is what events carry; the last point joins the first."""

    id: Ident
    points: Annotated[tuple[Place, ...], Meta(min_length=3, max_length=MAX_VERTICES)]

    def __post_init__(self) -> None:
        check_ident(self.id)
        Polygon(self.points)

    @property
    def polygon(self) -> Polygon:
        """The figure that it is."""
        return Polygon(self.points)

    @property
    def whole(self) -> bool:
        """Whether it is the whole picture."""
        return self.points == WHOLE_PICTURE.points


WHOLE_ZONE = Zone("picture", WHOLE_PICTURE.points)


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A named segment from ``a`` to ``b``; its right is on the right as one looks along it."""

    id: Ident
    a: Place
    b: Place

    def __post_init__(self) -> None:
        check_ident(self.id)
        _check_length(f"line {self.id}", self.a, self.b)


def _check_length(what: str, a: Point, b: Point) -> None:
    if not all(0.0 <= value <= 1.0 for value in (*a, *b)):
        raise InvalidError(
            f"{what} lies outside the picture",
            hint="coordinates run from 0 to 1",
            code="line_outside",
        )
    if max(abs(a[0] - b[0]), abs(a[1] - b[1])) < 1e-3:
        raise InvalidError(f"{what} has no length", hint="draw it anew", code="line_empty")
