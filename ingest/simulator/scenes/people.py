"""Scenes of people: a square with many walkers, and a lane where hardly anybody passes."""

from __future__ import annotations

import cv2
import numpy as np

from ingest.simulator.scenes.backdrop import Painter
from ingest.simulator.scenes.model import Actor, Pose, Scene, SceneSpec, View, passing
from ingest.simulator.scenes.sprites import Canvas, Colour, Pixels, motorbike, shade
from ingest.simulator.scenes.street import BODIES, HELMETS, SHIRTS, across, strides

_SQUARE = View(horizon=0.2, focal=1.1, height_m=4.6)
_LANE = View(horizon=0.3, focal=1.2, height_m=3.2)
_GLASS: Colour = (112, 96, 80)


def pedestrians(spec: SceneSpec) -> Scene:
    """A paved square in front of shops: walkers both ways, and some who come nearer or go away."""
    random = np.random.default_rng(spec.seed)
    actors: list[Actor] = []
    for index in range(13):
        speed = random.uniform(1.0, 1.6)
        z = 8.0 + index * 0.9 + random.uniform(-0.2, 0.2)
        reach = z * 0.9 + 1.0
        path = across(z, -reach, reach, bool(random.random() < 0.5))
        start = random.uniform(0, spec.seconds)
        # Who is slower than one clip's length crosses only a part of the square.
        pose = passing(start, min(2 * reach / speed, spec.seconds), spec.seconds, path)
        actors.append(Actor(index + 1, "person", strides(random), pose))
    for index in range(4):
        x, toward = random.uniform(-4, 4), bool(index % 2)

        def path(share: float, x: float = x, toward: bool = toward) -> Pose:
            z = 6.5 + 14 * (1 - share if toward else share)
            return Pose(x, z, int(share * 80) % 8)

        start = random.uniform(0, spec.seconds)
        pose = passing(start, min(12.0, spec.seconds), spec.seconds, path)
        actors.append(Actor(len(actors) + 1, "person", strides(random), pose))
    return Scene(
        backdrop=_square(spec),
        view=_SQUARE,
        actors=tuple(actors),
        line=((0.5, 0.3), (0.5, 0.98)),
        zone=((0.3, 0.45), (0.7, 0.45), (0.75, 0.9), (0.25, 0.9)),
    )


def _square(spec: SceneSpec) -> Pixels:
    paint = Painter(spec.width, spec.height, _SQUARE, spec.seed)
    paint.gradient((215, 185, 150), (238, 230, 220), _SQUARE.row(26))
    paint.ground(-80, 80, 2, 26, (150, 160, 168))
    for index, z in enumerate(np.arange(3, 26, 1.0)):
        for x in np.arange(-26 + (index % 2), 26, 2.0):
            paint.ground(x, x + 1, z, z + 1, (138, 150, 160))
    x = -30.0
    while x < 30:
        wide, tall = float(paint.random.uniform(4, 6)), float(paint.random.uniform(5, 8.5))
        wall: Colour = (
            int(paint.random.integers(140, 205)),
            int(paint.random.integers(165, 205)),
            int(paint.random.integers(170, 215)),
        )
        for left, right, low, high, colour in (
            (x, x + wide, 0.0, tall, wall),
            (x + 0.4, x + wide - 0.4, 0.0, 2.5, _GLASS),
            (x + 0.2, x + wide - 0.2, 2.6, 3.4, BODIES[int(paint.random.integers(len(BODIES)))]),
            (x + 0.6, x + wide / 2 - 0.2, 4.0, 5.4, shade(wall, 0.5)),
            (x + wide / 2 + 0.2, x + wide - 0.6, 4.0, 5.4, shade(wall, 0.5)),
        ):
            a, b = paint.point(left, 26, low), paint.point(right, 26, high)
            cv2.rectangle(paint.picture, a, b, colour, -1)
        x += wide
    for x, z in ((-11.0, 22.0), (9.0, 23.0), (-4.0, 24.5), (15.0, 21.0)):
        _planter(paint, x, z)
    paint.grain(1.2)
    return cv2.GaussianBlur(paint.picture, (0, 0), 0.6).astype(np.uint8)


def _planter(paint: Painter, x: float, z: float) -> None:
    cv2.rectangle(
        paint.picture, paint.point(x - 0.9, z), paint.point(x + 0.9, z, 0.6), (96, 108, 120), -1
    )
    for _ in range(40):
        dx, up = paint.random.normal(0, 0.6), 1.4 + paint.random.normal(0, 0.4)
        green = int(paint.random.integers(70, 140))
        at = paint.point(x + float(dx), z, float(up))
        cv2.circle(paint.picture, at, paint.height // 60, (45, green, green // 2), -1, cv2.LINE_AA)


def quiet(spec: SceneSpec) -> Scene:
    """A lane with parked motorbikes where one person passes in each round of the clip."""
    random = np.random.default_rng(spec.seed)
    walk = passing(
        spec.seconds * 0.6,
        min(8.0, spec.seconds * 0.5),
        spec.seconds,
        across(6.6, -6.0, 6.0, bool(spec.seed % 2)),
    )
    return Scene(
        backdrop=_lane(spec),
        view=_LANE,
        actors=(Actor(1, "person", strides(random), walk),),
        line=((0.5, 0.3), (0.5, 0.98)),
        zone=((0.3, 0.5), (0.7, 0.5), (0.8, 0.95), (0.2, 0.95)),
        noise=1.2,
    )


def _lane(spec: SceneSpec) -> Pixels:
    paint = Painter(spec.width, spec.height, _LANE, spec.seed)
    wall_z = 11.0
    paint.picture[:] = (150, 180, 195)
    for x in np.arange(-14, 14, 0.9):
        shift = float(paint.random.uniform(0.92, 1.04))
        cv2.rectangle(
            paint.picture,
            paint.point(x, wall_z, 8),
            paint.point(x + 0.9, wall_z),
            shade((152, 186, 204), shift),
            -1,
        )
    paint.ground(-60, 60, 2, wall_z, (118, 124, 128))
    paint.ground(-60, 60, wall_z - 1.2, wall_z, (146, 152, 158))
    for x0, x1, colour in ((-6.5, -3.2, (92, 110, 70)), (3.4, 7.2, (120, 96, 70))):
        cv2.rectangle(
            paint.picture, paint.point(x0, wall_z, 3.1), paint.point(x1, wall_z), colour, -1
        )
        for x in np.arange(x0, x1, 0.22):
            cv2.line(
                paint.picture,
                paint.point(x, wall_z, 3.1),
                paint.point(x, wall_z),
                shade(colour, 0.75),
                max(spec.height // 360, 1),
            )
    cv2.rectangle(
        paint.picture,
        paint.point(-1.6, wall_z, 3.6),
        paint.point(1.7, wall_z, 2.4),
        (60, 60, 180),
        -1,
    )
    cv2.rectangle(
        paint.picture,
        paint.point(-1.3, wall_z, 3.2),
        paint.point(1.4, wall_z, 2.8),
        (225, 235, 240),
        -1,
    )
    for index, x in enumerate((-2.2, -1.2, 1.0, 2.0)):
        bike = motorbike(BODIES[index], SHIRTS[0], HELMETS[0], front=True, pillion=False)
        _stamp(paint, bike, x, wall_z - 0.7, 1.05)
    paint.grain(1.2)
    return cv2.GaussianBlur(paint.picture, (0, 0), 0.6).astype(np.uint8)


def _stamp(paint: Painter, canvas: Canvas, x: float, z: float, up_to: float) -> None:
    """Paint a drawing that never moves; what is above ``up_to`` metres (the rider) is left off."""
    scale = _LANE.scale(z) * paint.height
    w, h = round(canvas.width * scale), round(canvas.height * scale)
    left, bottom = paint.point(x - canvas.width / 2, z)
    colour = cv2.resize(canvas.colour, (w, h), interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(canvas.alpha, (w, h), interpolation=cv2.INTER_AREA)
    alpha[: round(h * (1 - up_to / canvas.height))] = 0
    region = paint.picture[bottom - h : bottom, left : left + w]
    if region.shape[:2] == (h, w):
        cv2.copyTo(colour, alpha, region)
