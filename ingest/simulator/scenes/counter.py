"""The counter of a one-stop service office: people draw up, wait, are served, and leave."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from ingest.simulator.scenes.backdrop import Painter
from ingest.simulator.scenes.model import Actor, Pose, Scene, SceneSpec, View
from ingest.simulator.scenes.sprites import Colour, Pixels, person
from ingest.simulator.scenes.street import strides

_VIEW = View(horizon=0.12, focal=1.15, height_m=3.4)
_QUEUE_Z, _LEAVE_Z, _COUNTER_Z = 8.0, 6.6, 9.2
_SLOTS = (1.6, 0.3, -1.0)  # x of the place at the counter and of the two behind it, metres
_OUTSIDE = -8.5
_VISITORS = 6
_SWAY = 0.04  # metres, to either side


def counter_queue(spec: SceneSpec) -> Scene:
    """Six visitors in each round, served one after another at uneven intervals.

    A round longer than 40 s is longer waiting, not slower walking: in half an hour each waits for
    about fifteen minutes, shifting from one foot to the other as people do.
    """
    random = np.random.default_rng(spec.seed)
    gaps = random.uniform(0.7, 1.3, _VISITORS)
    served = np.cumsum(gaps / gaps.sum() * spec.seconds)
    # Told in fortieths of a short clip, so that it shows the same, only faster.
    second = min(spec.seconds / 40, 1.0)
    actors = [
        Actor(index + 1, "person", strides(random), _visit(served, index, spec.seconds, second))
        for index in range(_VISITORS)
    ]
    clerk = person((225, 190, 150), (60, 60, 60), (30, 30, 32), 0.0, hat=False)
    actors.append(
        Actor(_VISITORS + 1, "person", (clerk,), lambda seconds: Pose(1.9, _COUNTER_Z + 0.9))
    )
    colour, alpha = _counter(spec)
    return Scene(
        backdrop=_hall(spec),
        view=_VIEW,
        actors=tuple(actors),
        line=_ground_line(spec, -2.2, _LEAVE_Z + 0.5, _QUEUE_Z + 1.0),
        zone=_ground_zone(spec, _SLOTS[-1] - 0.55, _SLOTS[0] + 0.6),
        noise=1.5,
        foreground=(colour, alpha),
        foreground_z=_COUNTER_Z,
    )


def _visit(
    served: np.ndarray, index: int, period: float, second: float
) -> Callable[[float], Pose | None]:
    """Return the way of visitor ``index``: in, up the queue at each turn, and out again."""
    turns = [
        float(served[(index + k) % _VISITORS] + (index + k) // _VISITORS * period) for k in range(4)
    ]
    walk = 4.5 * second
    # in a short round the next one comes in as soon as there is room, in a long one when it likes
    late = 0.35 * (turns[1] - turns[0]) if period > 40 else 0.0
    # (from, until, x before, x after): standing where x does not change.
    arrives = turns[0] + second + late
    legs = [(arrives - walk, arrives, _OUTSIDE, _SLOTS[2])]
    for place, turn in ((1, turns[1]), (0, turns[2])):
        legs.append((turn + 0.4 * second, turn + 1.6 * second, _SLOTS[place + 1], _SLOTS[place]))
    out = (turns[3], turns[3] + 6 * second)
    start = legs[0][0]
    sway = _SWAY if period > 40 else 0.0

    def pose(seconds: float) -> Pose | None:
        now = start + (seconds - start) % period
        if now >= out[1]:
            return None
        if now >= out[0]:
            share = (now - out[0]) / (out[1] - out[0])
            x = _SLOTS[0] + (_OUTSIDE - _SLOTS[0]) * share
            z = _QUEUE_Z + (_LEAVE_Z - _QUEUE_Z) * min(share * 5, 1.0)
            return Pose(x, z, int(abs(x - _SLOTS[0]) / 1.4 * 8) % 8, mirrored=True)
        x, walking = _OUTSIDE, False
        for begin, end, x0, x1 in legs:
            if now >= begin:
                share = min((now - begin) / (end - begin), 1.0)
                x, walking = x0 + (x1 - x0) * share, share < 1
        if not walking:
            # two sines that never meet, and now and then a step to the side
            now -= start
            x += sway * (math.sin(now / 1.7 + index) + math.sin(now / 23.0 + 2 * index))
        return Pose(x, _QUEUE_Z, int((x - _OUTSIDE) / 1.4 * 8) % 8 if walking else 0)

    return pose


def _fraction(spec: SceneSpec, x: float, z: float) -> tuple[float, float]:
    return 0.5 + x * _VIEW.scale(z) * spec.height / spec.width, _VIEW.row(z)


def _ground_line(
    spec: SceneSpec, x: float, near: float, far: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    return _fraction(spec, x, far), _fraction(spec, x, near)


def _ground_zone(spec: SceneSpec, left: float, right: float) -> tuple[tuple[float, float], ...]:
    far, near = _QUEUE_Z + 0.6, _QUEUE_Z - 0.5
    corners = ((left, far), (right, far), (right, near), (left, near))
    return tuple(_fraction(spec, x, z) for x, z in corners)


def _hall(spec: SceneSpec) -> Pixels:
    paint = Painter(spec.width, spec.height, _VIEW, spec.seed)
    wall_z = 12.0
    paint.picture[:] = (206, 218, 222)
    paint.ground(-60, 60, 2, wall_z, (168, 178, 184))
    for x in np.arange(-14, 14, 1.2):
        for index, z in enumerate(np.arange(3, wall_z, 1.2)):
            if (round(x / 1.2) + index) % 2:
                paint.ground(x, x + 1.2, z, min(z + 1.2, wall_z), (176, 188, 194))
    cv2.rectangle(
        paint.picture, paint.point(-12, wall_z, 0.25), paint.point(12, wall_z), (120, 130, 138), -1
    )
    boards: tuple[tuple[float, float, Colour], ...] = (
        (-6.0, -3.6, (70, 60, 180)),
        (-2.8, 0.2, (170, 110, 50)),
        (3.6, 6.2, (90, 140, 60)),
    )
    for left, right, colour in boards:
        cv2.rectangle(
            paint.picture,
            paint.point(left, wall_z, 2.3),
            paint.point(right, wall_z, 0.9),
            colour,
            -1,
        )
        for up in (1.9, 1.6, 1.3):
            cv2.line(
                paint.picture,
                paint.point(left + 0.2, wall_z, up),
                paint.point(right - 0.4, wall_z, up),
                (235, 238, 240),
                max(spec.height // 180, 1),
            )
    for x in (-6.4, -5.6, -4.8, -4.0):
        cv2.rectangle(
            paint.picture,
            paint.point(x, 10.6, 0.95),
            paint.point(x + 0.62, 10.6, 0.1),
            (150, 100, 50),
            -1,
        )
        paint.ground(x, x + 0.62, 10.0, 10.6, (165, 115, 62))
    paint.grain(1.0)
    return cv2.GaussianBlur(paint.picture, (0, 0), 0.6).astype(np.uint8)


def _counter(spec: SceneSpec) -> tuple[Pixels, Pixels]:
    """Paint the counter, which stands before the clerk and behind the visitors."""
    paint = Painter(spec.width, spec.height, _VIEW, spec.seed)
    alpha: Pixels = np.zeros((spec.height, spec.width), np.uint8)
    boxes: tuple[tuple[float, float, float, float, Colour], ...] = (
        (0.4, 6.5, 0.0, 1.05, (92, 128, 168)),
        (0.3, 6.6, 1.02, 1.14, (60, 84, 112)),
        (3.1, 3.9, 1.14, 1.65, (52, 50, 48)),
        (0.7, 1.1, 1.14, 1.3, (225, 228, 230)),
    )
    for left, right, low, high, colour in boxes:
        a, b = paint.point(left, _COUNTER_Z, high), paint.point(right, _COUNTER_Z, low)
        cv2.rectangle(paint.picture, a, b, colour, -1)
        cv2.rectangle(alpha, a, b, (255,), -1)
    for x in np.arange(1.2, 6.5, 1.3):
        cv2.line(
            paint.picture,
            paint.point(x, _COUNTER_Z, 1.0),
            paint.point(x, _COUNTER_Z, 0.05),
            (74, 104, 138),
            max(spec.height // 240, 1),
        )
    return paint.picture, alpha
