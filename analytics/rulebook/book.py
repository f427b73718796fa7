"""The rules that there are, and the rulebook of a camera, as frozen values. Configuration only.

These types are also the rule document (``rule_document``): one definition, whose ranges hold for
what is made in code and what comes as JSON. Places are in picture coordinates, 0..1 from the top
left; times in seconds.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from analytics.rulebook.base import Day, Hour, Labels, Margin, Rule, Share, TrackRule, ZoneRule
from analytics.rulebook.places import WHOLE_ZONE, Line, Zone
from analytics.rulebook.schedule import time_zone
from camera_registry.base.errors import InvalidError

__all__ = [
    "WHOLE_ZONE",
    "AnyRule",
    "CrowdRule",
    "DwellRule",
    "LeftObjectRule",
    "Line",
    "LineCrossRule",
    "QueueRule",
    "Rule",
    "Rulebook",
    "StoppedRule",
    "TamperRule",
    "TrackRule",
    "WrongWayRule",
    "Zone",
    "ZoneEnterRule",
    "ZoneLeaveRule",
    "ZoneRule",
    "default_rulebook",
]

MAX_RULES = 32


class ZoneEnterRule(ZoneRule, frozen=True, tag="zone_enter"):
    """Tell when an object enters a zone: at most once for each track.

    The default cool-down lets a busy street speak six times a minute and no more. A drawn zone
    usually wants 0.
    """

    cool_down_s: Day = 10.0


class ZoneLeaveRule(ZoneRule, frozen=True, tag="zone_leave"):
    """Tell when an object leaves a zone in which it had settled.

    ``lost_leaves``: an object that is lost from sight inside counts as gone, too; off by default,
    since a tracker also loses who stands still or hides.
    """

    lost_leaves: bool = False
    cool_down_s: Day = 10.0


class LineCrossRule(TrackRule, frozen=True, tag="line_cross", kw_only=True):
    """Count who crosses a line, by direction and label, and tell of each.

    ``margin``: how far from the line an object must be for its crossing to count, so that one who
    stands on the line does not count again and again. ``count_only`` counts without events.
    """

    line: Line
    margin: Margin = 0.01
    count_only: bool = False


class DwellRule(ZoneRule, frozen=True, tag="dwell"):
    """Tell when an object has been in a zone for ``after_s``: once for each stay.

    Who is lost from sight inside, behind a bus or a pillar, and found again within ``bridge_s`` not
    farther than ``bridge_distance`` (of the picture) is the same and has been there all the time;
    the event says how much of it was out of sight (``hidden_s``). 0 ends a stay with its track.
    """

    after_s: Day = 60.0
    bridge_s: Hour = 10.0
    bridge_distance: Share = 0.12


class QueueRule(ZoneRule, frozen=True, tag="queue"):
    """Watch a queue: number waiting, longest and mean wait; tell when somebody waits too long.

    The alert is told once, when the longest wait passes ``alert_s``, and again only after it was
    below for ``clear_s``. Who is lost from sight and found again within ``bridge_s``, not farther
    than ``bridge_distance``, has waited all the time: that is to move up by a place and come to
    rest there. ``first_out``: who came first leaves first, which keeps the waits right where tracks
    are mixed up as the queue moves up. ``count_only``: neither picture nor track id leaves the
    camera.
    """

    alert_s: Day = 900.0
    clear_s: Hour = 30.0
    bridge_s: Hour = 10.0
    bridge_distance: Share = 0.12
    first_out: bool = True
    count_only: bool = False
    min_travel: Share = 0.0


class CrowdRule(ZoneRule, frozen=True, tag="crowd"):
    """Tell when more than ``above`` objects were in a zone for ``for_s``.

    Told again only after there were no more than ``above`` for ``clear_s``.
    """

    above: Annotated[int, Meta(ge=0, le=1000)] = 20
    for_s: Hour = 10.0
    clear_s: Hour = 10.0
    count_only: bool = False
    min_travel: Share = 0.0


class StoppedRule(ZoneRule, frozen=True, tag="stopped"):
    """Tell when an object that had moved stands still in a zone for ``after_s``.

    ``drift``: it stands while it moves less than that share of its own larger side.
    """

    after_s: Day = 30.0
    drift: Annotated[float, Meta(ge=0.01, le=10)] = 0.3


class WrongWayRule(ZoneRule, frozen=True, tag="wrong_way", kw_only=True):
    """Tell who moves in a zone against the arrow ``allowed``: once for each track.

    Its way over the last ``window_s`` must be ``min_distance`` picture heights long and within
    ``tolerance`` degrees of the opposite direction.
    """

    allowed: Line
    window_s: Annotated[float, Meta(ge=0.2, le=30)] = 2.0
    min_distance: Annotated[float, Meta(ge=0.005, le=1)] = 0.05
    tolerance: Annotated[float, Meta(ge=1, le=89)] = 60.0


class LeftObjectRule(Rule, frozen=True, tag="left_object"):
    """Tell when something was left in a zone or taken away and that stays so for ``after_s``.

    Works on the grey plane: a patch that differs from the learned background and keeps still.
    ``min_size`` and ``max_size`` bound its area as a share of the picture; ``contrast`` is the
    least difference in grey levels; a patch that a track of ``owners`` covers is a person.
    """

    zone: Zone = WHOLE_ZONE
    after_s: Annotated[float, Meta(ge=1, le=86_400)] = 60.0
    learn_s: Annotated[float, Meta(ge=1, le=3600)] = 10.0
    min_size: Share = 0.0005
    max_size: Share = 0.05
    contrast: Annotated[float, Meta(ge=4, le=128)] = 14.0
    owners: Labels = frozenset({"person", "person-like"})


class TamperRule(Rule, frozen=True, tag="tamper"):
    """Tell when the camera is covered, defocused or moved, or its picture frozen or black.

    Told when that lasts ``after_s``, and again only after ``clear_s`` of a good picture. ``same``:
    correlation with the learned structure below which the view is another; ``sharp`` and
    ``contrast``: share of the learned sharpness and contrast below which the lens is blurred or
    hidden.
    """

    after_s: Annotated[float, Meta(ge=1, le=3600)] = 10.0
    clear_s: Hour = 10.0
    learn_s: Annotated[float, Meta(ge=1, le=3600)] = 10.0
    same: Share = 0.45
    sharp: Share = 0.45
    contrast: Share = 0.35


AnyRule = (
    ZoneEnterRule
    | ZoneLeaveRule
    | LineCrossRule
    | DwellRule
    | QueueRule
    | CrowdRule
    | StoppedRule
    | WrongWayRule
    | LeftObjectRule
    | TamperRule
)


class Rulebook(Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of one camera; their ids are unique.

    ``format`` is the version of the document's form, of which there is one so far.
    """

    rules: Annotated[tuple[AnyRule, ...], Meta(max_length=MAX_RULES)]
    time_zone: str = "Asia/Ho_Chi_Minh"
    format: Annotated[int, Meta(ge=1, le=1)] = 1

    def __post_init__(self) -> None:
        time_zone(self.time_zone)
        ids = [rule.id for rule in self.rules]
        if len(ids) != len(set(ids)):
            raise InvalidError("two rules of a camera have the same id", code="rule_twice")


def default_rulebook() -> Rulebook:
    """Rules of a camera that nobody has drawn anything for: anything that enters the picture."""
    return Rulebook((ZoneEnterRule("zone-enter"),))
