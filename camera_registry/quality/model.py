"""The six principles, what is found against a camera, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from camera_registry.model import Camera


class Principle(StrEnum):
    """What the city asks of its data: "đúng, đủ, sạch, sống, thống nhất, dùng chung"."""

    CORRECT = "correct"
    COMPLETE = "complete"
    CLEAN = "clean"
    LIVE = "live"
    UNIFIED = "unified"
    SHARED = "shared"


class Use(StrEnum):
    """Who uses a camera."""

    WALL = "wall"
    EVENTS = "events"
    SYSTEMS = "systems"


@dataclass(frozen=True, slots=True)
class Measure:
    """What the latest look at a camera's stream measured; 0 and empty: not known.

    ``clock_offset_s`` is the camera's clock less ours, None where it does not tell.
    """

    at_us: int
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    clock_offset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a camera is judged by, at one moment; None: not known.

    ``metres_outside`` is how far outside its unit it stands (0: inside), ``doubles`` the fields in
    which another camera says the same, ``live_share`` the share of the last 24 hours with fresh
    pictures, ``uses`` whether each kind of user has used it lately. ``young`` cameras were
    registered so lately that nobody can be expected to have used them.
    """

    camera: Camera
    metres_outside: float | None = None
    measure: Measure | None = None
    doubles: frozenset[str] = frozenset()
    live_share: float | None = None
    uses: Mapping[Use, bool] = field(default_factory=dict)
    young: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason why a principle has not its full score, or (``lost`` 0) could not be judged fully.

    ``code`` is one of ``words.WORDS``, ``field`` what to mend it in, ``lost`` how much of the
    principle's score (0..1) it costs, ``values`` what the words leave open.
    """

    principle: Principle
    code: str
    field: str
    lost: float = 0.0
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """The scores of a camera, 0..1; None where nothing is known. ``score`` is their weighted mean
    over the known ones.
    """

    score: float | None
    scores: Mapping[Principle, float | None]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityDay:
    """The quality of a camera on a day of the city."""

    camera_id: str
    unit_code: str
    day: date
    quality: Quality
    computed_us: int
