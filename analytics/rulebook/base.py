"""What all rules have in common, and what makes a track or a zone count. Configuration only."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from analytics.rulebook.places import WHOLE_ZONE, Ident, Zone, check_ident
from analytics.rulebook.schedule import Schedule
from camera_registry.base.errors import InvalidError

Label = Annotated[str, Meta(min_length=1, max_length=64)]
Labels = Annotated[frozenset[Label], Meta(max_length=64)]
Hour = Annotated[float, Meta(ge=0, le=3600)]
Day = Annotated[float, Meta(ge=0, le=86_400)]
Share = Annotated[float, Meta(ge=0, le=1)]
Margin = Annotated[float, Meta(ge=0, le=0.5)]
Revision = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class Rule(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all rules have.

    ``version`` rises with every change of the rule and is written into its events. Outside of its
    ``schedule`` a rule sees nothing and remembers nothing. ``cool_down_s``: after an event of this
    rule the next ones are held back that long.
    """

    id: Ident
    version: Revision = 1
    schedule: Schedule | None = None
    cool_down_s: Day = 0.0

    def __post_init__(self) -> None:
        check_ident(self.id)
        for name, low, high in _ranges(type(self)):
            if not low <= getattr(self, name) <= high:
                raise InvalidError(
                    f"rule {self.id}: {name} is out of range",
                    hint=f"{low:g} to {high:g}",
                    code="rule_range",
                )

    @property
    def kind(self) -> str:
        """The word for the rule in the document."""
        return str(self.__struct_config__.tag)


class TrackRule(Rule, frozen=True):
    """A rule over tracks, with what makes a track count.

    ``labels`` filters by label, empty takes all. ``min_age_s``: how long the object must have been
    tracked; ``min_travel``: how far it must have moved, in picture sizes, so that a flicker or a
    changed patch of ground is no object; ``min_size``: least area as a share of the picture;
    ``min_score``: least score of the sighting that it is told by.
    """

    labels: Labels = frozenset()
    min_age_s: Hour = 0.6
    min_travel: Share = 0.03
    min_size: Share = 0.0004
    min_score: Share = 0.35


class ZoneRule(TrackRule, frozen=True):
    """A rule over the tracks in a zone.

    ``settle_s`` and ``margin`` are the hysteresis: an object counts as inside after it was there
    that long, and as outside again only when it is farther than ``margin`` from the border.
    """

    zone: Zone = WHOLE_ZONE
    settle_s: Hour = 0.2
    margin: Margin = 0.02


@cache
def _ranges(kind: type[Rule]) -> tuple[tuple[str, float, float], ...]:
    """Name, least and greatest value of each number of a rule, from its annotations."""
    info = msgspec.inspect.type_info(kind)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{kind.__name__} is no rule")
    found: list[tuple[str, float, float]] = []
    for field in info.fields:
        value = field.type
        if isinstance(value, msgspec.inspect.FloatType | msgspec.inspect.IntType):
            if value.ge is None or value.le is None:
                raise TypeError(f"{kind.__name__}.{field.name} has no range")
            found.append((field.name, float(value.ge), float(value.le)))
    return tuple(found)
