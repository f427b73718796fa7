"""Painted backgrounds, at the size of the picture. All measures are fractions or metres."""

from __future__ import annotations

import cv2
import numpy as np

from ingest.simulator.scenes.model import View
from ingest.simulator.scenes.sprites import Colour, Pixels, shade

_SIGNS: tuple[Colour, ...] = (
    (60, 60, 210),
    (200, 120, 40),
    (70, 170, 60),
    (50, 180, 235),
    (170, 70, 150),
    (230, 230, 230),
)
_WALLS: tuple[Colour, ...] = (
    (150, 190, 215),
    (175, 195, 190),
    (140, 170, 200),
    (190, 200, 205),
    (160, 180, 170),
    (130, 160, 190),
    (185, 180, 170),
)


class Painter:
    """Paints in fractions of the picture's height and in metres on the ground of a view."""

    def __init__(self, width: int, height: int, view: View, seed: int) -> None:
        self.width, self.height, self.view = width, height, view
        self.picture: Pixels = np.zeros((height, width, 3), np.uint8)
        self.random = np.random.default_rng(seed)

    def point(self, x: float, z: float, up: float = 0.0) -> tuple[int, int]:
        """Return the pixel of the point ``x``, ``up``, ``z`` in metres."""
        scale = self.view.scale(z) * self.height
        return (
            round(self.width / 2 + x * scale),
            round(self.view.row(z) * self.height - up * scale),
        )

    def polygon(self, points: list[tuple[int, int]], colour: Colour) -> None:
        """Fill a polygon given in pixels."""
        cv2.fillPoly(self.picture, [np.array(points, np.int32)], colour, cv2.LINE_AA)

    def ground(self, x0: float, x1: float, z0: float, z1: float, colour: Colour) -> None:
        """Fill a rectangle on the ground."""
        corners = [self.point(x, z) for x, z in ((x0, z0), (x1, z0), (x1, z1), (x0, z1))]
        self.polygon(corners, colour)

    def upright(
        self, x: float, z0: float, z1: float, bottom: float, top: float, colour: Colour
    ) -> None:
        """Fill a wall that runs along the street at ``x``."""
        self.polygon(
            [
                self.point(x, z0, bottom),
                self.point(x, z1, bottom),
                self.point(x, z1, top),
                self.point(x, z0, top),
            ],
            colour,
        )

    def gradient(self, top: Colour, bottom: Colour, to_row: float) -> None:
        """Fill from the upper edge to ``to_row`` (fraction) with a change of colour."""
        rows = max(round(to_row * self.height), 1)
        ramp = np.linspace(0.0, 1.0, rows)[:, None, None]
        mixed = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
        self.picture[:rows] = np.broadcast_to(mixed, (rows, self.width, 3)).astype(np.uint8)

    def grain(self, strength: float) -> None:
        """Roughen everything a little, as real surfaces are."""
        coarse = self.random.normal(0, strength, (self.height // 4 + 1, self.width // 4 + 1, 1))
        fine = self.random.normal(0, strength, (self.height, self.width, 1))
        grown = cv2.resize(coarse.astype(np.float32), (self.width, self.height))[..., None]
        self.picture = np.clip(self.picture + grown + fine, 0, 255).astype(np.uint8)


def street(width: int, height: int, view: View, seed: int, half_road: float) -> Pixels:
    """A street of narrow houses between pavements, a zebra crossing and lane marks."""
    paint = Painter(width, height, view, seed)
    paint.gradient((225, 190, 150), (240, 232, 222), view.horizon + 0.02)
    for _ in range(5):
        cloud = paint.picture.copy()
        at = (int(paint.random.integers(0, width)), int(paint.random.uniform(0, 0.15) * height))
        axes = (int(width * paint.random.uniform(0.08, 0.16)), int(height * 0.03))
        cv2.ellipse(cloud, at, axes, 0, 0, 360, (250, 248, 245), -1)
        cv2.addWeighted(cloud, 0.35, paint.picture, 0.65, 0, paint.picture)
    paint.ground(-300, 300, 2, 3000, (128, 134, 138))
    kerb = half_road + 3.2
    for side in (-1, 1):
        _houses(paint, side, kerb)
    for side in (-1, 1):
        inner, outer = sorted((side * half_road, side * kerb))
        paint.ground(inner, outer, 2, 400, (158, 164, 170))
        edge = sorted((side * half_road, side * (half_road + 0.3)))
        paint.ground(edge[0], edge[1], 2, 400, (190, 196, 200))
    paint.ground(-half_road, half_road, 2, 400, (86, 84, 82))
    _marks(paint, half_road)
    for side in (-1, 1):
        for z in (70, 46, 30, 19):
            _tree(paint, side * (half_road + 1.3), z)
    paint.grain(1.3)
    return cv2.GaussianBlur(paint.picture, (0, 0), 0.6).astype(np.uint8)


def _marks(paint: Painter, half_road: float) -> None:
    white: Colour = (212, 214, 214)
    for z in np.arange(4, 120, 6.0):
        for x in (-half_road / 2, half_road / 2):
            paint.ground(x - 0.08, x + 0.08, z, z + 3, white)
    for x in (-0.18, 0.1):
        paint.ground(x, x + 0.1, 2, 300, (70, 190, 225))
    for x in np.arange(-half_road + 0.4, half_road - 0.4, 1.0):
        paint.ground(x, x + 0.55, 13.0, 16.0, white)
    for side in (-1, 1):
        x0, x1 = sorted((side * 0.4, side * half_road))
        z = 17.2 if side > 0 else 11.4
        paint.ground(x0, x1, z, z + 0.4, white)


def _houses(paint: Painter, side: int, kerb: float) -> None:
    x = side * kerb
    z = 150.0
    while z > 5:
        deep = float(paint.random.uniform(4, 7))
        tall = float(paint.random.uniform(7, 15))
        near = max(z - deep, 3.0)
        wall = _WALLS[int(paint.random.integers(len(_WALLS)))]
        wall = shade(wall, 0.72 if side > 0 else 1.0)
        # The face toward the camera shows above lower neighbours.
        corners = [
            paint.point(x, near),
            paint.point(x + side * 14, near),
            paint.point(x + side * 14, near, tall),
            paint.point(x, near, tall),
        ]
        paint.polygon(corners, shade(wall, 0.86))
        paint.upright(x, near, z, 0, tall, wall)
        for floor in np.arange(3.8, tall - 1.5, 3.2):
            paint.upright(x, near + 0.8, z - 0.8, floor, floor + 1.8, shade(wall, 0.45))
            paint.upright(x, near + 0.4, z - 0.4, floor - 0.35, floor - 0.1, shade(wall, 1.15))
        paint.upright(x, near + 0.4, z - 0.4, 0, 2.7, shade(wall, 0.35))
        sign = _SIGNS[int(paint.random.integers(len(_SIGNS)))]
        paint.upright(x - side * 0.2, near + 0.3, z - 0.3, 2.7, 3.6, shade(sign, 0.9))
        paint.upright(x - side * 0.2, near + 0.9, z - 0.9, 3.0, 3.3, (235, 240, 240))
        z = near


def _tree(paint: Painter, x: float, z: float) -> None:
    scale = paint.view.scale(z) * paint.height
    foot, crown = paint.point(x, z), paint.point(x, z, 6.0)
    cv2.line(paint.picture, foot, crown, (52, 66, 80), max(round(0.3 * scale), 1), cv2.LINE_AA)
    for _ in range(26):
        dx, dy = paint.random.normal(0, 0.75, 2)
        green = int(paint.random.integers(70, 130))
        at = (round(crown[0] + dx * scale), round(crown[1] + dy * scale))
        radius = max(round(float(paint.random.uniform(0.35, 0.8)) * scale), 1)
        cv2.circle(paint.picture, at, radius, (40, green, green - 30), -1, cv2.LINE_AA)
