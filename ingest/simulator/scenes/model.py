"""What a scene is made of: its specification, the view, and actors that move in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ingest.simulator.scenes.sprites import Canvas, Pixels

Lamps = Literal["none", "front", "rear"]
Path = Callable[[float], "Pose"]


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """Which scene, in pixels, frames per second, and seconds; ``seed`` picks its actors."""

    scene: str
    width: int
    height: int
    fps: int
    seconds: float
    seed: int

    @property
    def frames(self) -> int:
        """Return the number of pictures in the clip."""
        return max(round(self.seconds * self.fps), 1)


@dataclass(frozen=True, slots=True)
class View:
    """A pinhole camera over flat ground, looking along z (metres), x to the right.

    A point on the ground is seen at row ``horizon + focal * height_m / z``; ``focal`` and
    ``horizon`` are fractions of the picture's height.
    """

    horizon: float
    focal: float
    height_m: float

    def row(self, z: float) -> float:
        """Return the row of the ground at distance ``z``, as a fraction of the picture's height."""
        return self.horizon + self.focal * self.height_m / z

    def scale(self, z: float) -> float:
        """Return picture heights per metre at distance ``z``."""
        return self.focal / z


@dataclass(frozen=True, slots=True)
class Pose:
    """Where an actor stands on the ground (metres), and which of its drawings shows."""

    x: float
    z: float
    drawing: int = 0
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """One object. ``pose`` maps seconds of the clip to a pose, or to None while it is away."""

    id: int
    label: str
    drawings: tuple[Canvas, ...]
    pose: Callable[[float], Pose | None]
    lamps: Lamps = "none"  # which of its lamps face the camera; they shine in the dark


Line = tuple[tuple[float, float], tuple[float, float]]
Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A backdrop (BGR, of the picture's size), the view of it, and who moves there.

    ``noise`` is the sensor's standard deviation in grey levels, ``light`` the brightness of the
    actors. ``line`` and ``zone`` are in fractions of the picture and are what the ground truth
    counts crossings and stays at. ``streaks`` of rain fall in each picture; ``wet`` ground mirrors.
    ``foreground`` (BGR, alpha, both of the picture's size) hides actors beyond ``foreground_z`` m.
    """

    backdrop: Pixels
    view: View
    actors: tuple[Actor, ...]
    line: Line
    zone: Polygon
    noise: float = 1.6
    light: float = 1.0
    dark: bool = False
    streaks: int = 0
    wet: bool = False
    foreground: tuple[Pixels, Pixels] | None = None
    foreground_z: float = 0.0


@dataclass(slots=True)
class Seen:
    """One object in one picture: box (x, y, w, h) in fractions of the picture."""

    id: int
    label: str
    box: tuple[float, float, float, float]
    foot: tuple[float, float] = field(default=(0.0, 0.0))


def passing(
    start: float, duration: float, period: float, path: Path
) -> Callable[[float], Pose | None]:
    """Return a pose that follows ``path`` (0 to 1) once every ``period`` seconds.

    With a period equal to the clip's length the last picture goes over into the first.
    """
    whole = max(period, duration)

    def pose(seconds: float) -> Pose | None:
        since = (seconds - start) % whole
        return path(since / duration) if since < duration else None

    return pose
