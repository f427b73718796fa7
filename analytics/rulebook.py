"""What a camera is watched for: zones and rules as frozen values. Configuration only, no state."""

from __future__ import annotations

import re
from dataclasses import dataclass

from analytics.geometry import WHOLE_PICTURE, Polygon
from camera_registry.base.errors import InvalidError

_IDENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def _check_ident(ident: str) -> None:
    if not _IDENT.fullmatch(ident):
        raise InvalidError(
            f"{ident[:80]!r} is no id for a rule or a zone",
            hint="small letters, digits, - and _, at most 64",
            code="rule_id",
        )


@dataclass(frozen=True, slots=True)
class Zone:
    """A named part of the picture. ``id`` is what events carry."""

    id: str
    polygon: Polygon

    def __post_init__(self) -> None:
        _check_ident(self.id)

    @property
    def whole(self) -> bool:
        """Whether it is the whole picture."""
        return self.polygon == WHOLE_PICTURE


WHOLE_ZONE = Zone("picture", WHOLE_PICTURE)


@dataclass(frozen=True, slots=True)
class ZoneEnterRule:
    """Tell when an object enters a zone: at most once for each track.

    ``version`` rises with every change of the rule and is written into its events. ``labels``
    filters by label, empty takes all. ``min_age_s``: how long the object must have been tracked;
    ``min_travel``: how far it must have moved, in picture sizes, so that a flicker or a changed
    patch of ground is no object; ``min_size``: least area as a share of the picture;
    ``min_score``: least score of the sighting that it is told by. ``settle_s``
    and ``margin`` are the hysteresis: an object counts as inside after it was there that long, and
    as outside again only when it is farther than ``margin`` from the border. ``cool_down_s``: after
    an event of this rule the next ones are held back that long; the default lets a busy street
    speak six times a minute and no more. A drawn zone usually wants 0.
    """

    id: str
    version: int = 1
    zone: Zone = WHOLE_ZONE
    labels: frozenset[str] = frozenset()
    min_age_s: float = 0.6
    min_travel: float = 0.03
    min_size: float = 0.0004
    min_score: float = 0.35
    settle_s: float = 0.2
    margin: float = 0.02
    cool_down_s: float = 10.0

    def __post_init__(self) -> None:
        _check_ident(self.id)
        limits = {
            "min_age_s": 3600.0,
            "min_travel": 1.0,
            "min_size": 1.0,
            "min_score": 1.0,
            "settle_s": 3600.0,
            "margin": 0.5,
            "cool_down_s": 86_400.0,
        }
        for name, limit in limits.items():
            if not 0.0 <= getattr(self, name) <= limit:
                raise InvalidError(
                    f"rule {self.id}: {name} is out of range",
                    hint=f"0 to {limit:g}",
                    code="rule_range",
                )


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of one camera; their ids are unique."""

    zone_enter: tuple[ZoneEnterRule, ...]

    def __post_init__(self) -> None:
        ids = [rule.id for rule in self.zone_enter]
        if len(ids) != len(set(ids)):
            raise InvalidError("two rules of a camera have the same id", code="rule_twice")


def default_rulebook() -> Rulebook:
    """Rules of a camera that nobody has drawn anything for: anything that enters the picture."""
    return Rulebook((ZoneEnterRule("zone-enter"),))
