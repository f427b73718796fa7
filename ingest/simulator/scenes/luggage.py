"""The lane with luggage: somebody puts a bag down and goes, somebody takes another one away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ingest.simulator.scenes.model import Actor, Pose, Scene, SceneSpec, passing
from ingest.simulator.scenes.people import quiet
from ingest.simulator.scenes.sprites import bag
from ingest.simulator.scenes.street import across, strides

_WAY_Z, _BAG_Z = 6.6, 6.9
_REACH = 6.0
_ARM = 0.4  # metres that a bag is carried behind its bearer


@dataclass(frozen=True, slots=True)
class _Walk:
    """Somebody walks through the lane from left to right; seconds of the clip."""

    start: float
    duration: float

    def x(self, seconds: float, period: float) -> float | None:
        """Return where the bearer is, None while away."""
        since = (seconds - self.start) % period
        return -_REACH + 2 * _REACH * since / self.duration if since < self.duration else None


def left_bag(spec: SceneSpec) -> Scene:
    """Four walk by in each round: the first leaves a bag, the second takes along a case that stood
    there, the third takes the bag, the last brings the case back.
    """
    period = spec.seconds
    duration = min(8.0, 0.12 * period)
    walks = [_Walk(share * period, duration) for share in (0.15, 0.4, 0.65, 0.86)]
    random = np.random.default_rng(spec.seed)
    actors = [
        Actor(
            index + 1,
            "person",
            strides(random),
            passing(walk.start, duration, period, across(_WAY_Z, -_REACH, _REACH, leftward=False)),
        )
        for index, walk in enumerate(walks)
    ]
    left, case = bag((60, 50, 170)), bag((150, 60, 40))
    actors.append(Actor(5, "bag", (left,), _carried(walks[0], walks[2], -0.9, period)))
    actors.append(Actor(6, "bag", (case,), _carried(walks[3], walks[1], 1.5, period)))
    return replace(quiet(spec), actors=tuple(actors))


def _carried(
    brings: _Walk, takes: _Walk, place: float, period: float
) -> Callable[[float], Pose | None]:
    """Return the way of a thing that one brings to ``place`` and another takes from there."""

    def pose(seconds: float) -> Pose | None:
        for walk, carried_before in ((brings, True), (takes, False)):
            bearer = walk.x(seconds, period)
            if bearer is not None:
                x = bearer - _ARM
                if (x < place) == carried_before:
                    return Pose(x, _BAG_Z)
                return Pose(place, _BAG_Z)
        since_brought = (seconds - brings.start) % period
        until_taken = (takes.start - brings.start) % period
        return Pose(place, _BAG_Z) if since_brought < until_taken else None

    return pose
