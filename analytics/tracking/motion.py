"""How the tracks of a camera move: a Kalman filter of constant velocity for all of them at once.

The noise of an object's place is taken in sides of its own box, so one covariance of place and
speed serves both axes (Kalman, 1960; the white-noise acceleration model of Bar-Shalom et al.,
"Estimation with Applications to Tracking and Navigation", 2001, section 6.2.2). The size is a walk
at random with a gain of its own: boxes jitter far more than objects grow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.geometry import Corners
from analytics.tracking.config import TrackerConfig

Values = NDArray[np.float64]


class Motion:
    """States of n tracks, in their order: middle, size and velocity (n, 2), and their variances."""

    def __init__(self, config: TrackerConfig) -> None:
        self._config = config
        self.middle: Values = np.empty((0, 2))
        self.size: Values = np.empty((0, 2))
        self._velocity: Values = np.empty((0, 2))
        self._place: Values = np.empty(0)
        self._joint: Values = np.empty(0)
        self._speed: Values = np.empty(0)
        self._extent: Values = np.empty(0)

    def __len__(self) -> int:
        return len(self.middle)

    @property
    def boxes(self) -> Corners:
        """Corners of all tracks."""
        half = self.size / 2
        return np.concatenate([self.middle - half, self.middle + half], axis=1)

    @property
    def doubt(self) -> Values:
        """Standard deviation of each track's place in sides of its box, (n,)."""
        return np.sqrt(self._place)

    def surprise(self, tracks: list[int], boxes: Corners) -> Values:
        """Squared Mahalanobis distance of boxes (m, 4) from tracks: (tracks, m)."""
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        sides = np.maximum(self.size[tracks], 1e-6)[:, None]
        away = (middle[None] - self.middle[tracks][:, None]) / sides
        variance = self._place[tracks] + self._config.place_noise**2
        found: Values = (away**2).sum(axis=2) / variance[:, None]
        return found

    def predict(self, seconds: float) -> None:
        """Move all tracks on."""
        agility = self._config.agility
        self.middle = self.middle + self._velocity * seconds
        self._place = (
            self._place
            + 2 * seconds * self._joint
            + seconds**2 * self._speed
            + agility * seconds**3 / 3
        )
        self._joint = self._joint + seconds * self._speed + agility * seconds**2 / 2
        self._speed = self._speed + agility * seconds
        self._extent = self._extent + self._config.growth * seconds

    def correct(self, tracks: list[int], boxes: Corners) -> None:
        """Take one box (row of ``boxes``) for each of ``tracks``."""
        if not tracks:
            return
        config = self._config
        place, joint = self._place[tracks], self._joint[tracks]
        innovation = place + config.place_noise**2
        by_place, by_speed = place / innovation, joint / innovation
        error = (boxes[:, :2] + boxes[:, 2:]) / 2 - self.middle[tracks]
        self.middle[tracks] += by_place[:, None] * error
        self._velocity[tracks] += by_speed[:, None] * error
        self._speed[tracks] -= by_speed * joint
        self._place[tracks] = place * (1 - by_place)
        self._joint[tracks] = joint * (1 - by_place)
        extent = self._extent[tracks]
        by_size = extent / (extent + config.size_noise**2)
        self.size[tracks] += by_size[:, None] * (boxes[:, 2:] - boxes[:, :2] - self.size[tracks])
        self._extent[tracks] = extent * (1 - by_size)

    def add(self, boxes: Corners) -> None:
        """Begin a track at each of ``boxes``, behind the others."""
        config, count = self._config, len(boxes)
        self.middle = np.concatenate([self.middle, (boxes[:, :2] + boxes[:, 2:]) / 2])
        self.size = np.concatenate([self.size, boxes[:, 2:] - boxes[:, :2]])
        self._velocity = np.concatenate([self._velocity, np.zeros((count, 2))])
        self._place = np.append(self._place, np.full(count, config.place_noise**2))
        self._joint = np.append(self._joint, np.zeros(count))
        self._speed = np.append(self._speed, np.full(count, config.first_speed**2))
        self._extent = np.append(self._extent, np.full(count, config.size_noise**2))

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Forget the tracks that ``which`` (n,) does not name."""
        self.middle, self.size = self.middle[which], self.size[which]
        self._velocity, self._place = self._velocity[which], self._place[which]
        self._joint, self._speed = self._joint[which], self._speed[which]
        self._extent = self._extent[which]
