"""Actors as small drawings with transparency, drawn once at full size and scaled by distance."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]  # BGR
PER_METRE = 110  # pixels per metre of a drawing


class Canvas:
    """A transparent sheet of ``width`` × ``height`` metres; y counts upward from the ground."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        shape = (round(height * PER_METRE), round(width * PER_METRE))
        self.colour: Pixels = np.zeros((*shape, 3), np.uint8)
        self.alpha: Pixels = np.zeros(shape, np.uint8)

    def _point(self, x: float, y: float) -> tuple[int, int]:
        return round((x + self.width / 2) * PER_METRE), round((self.height - y) * PER_METRE)

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon; x counts from the middle, in metres."""
        corners = np.array([self._point(x, y) for x, y in points], np.int32)
        cv2.fillPoly(self.colour, [corners], colour, cv2.LINE_AA)
        cv2.fillPoly(self.alpha, [corners], (255,), cv2.LINE_AA)

    def box(self, left: float, bottom: float, right: float, top: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.polygon([(left, bottom), (right, bottom), (right, top), (left, top)], colour)

    def disc(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse."""
        axes = (max(round(rx * PER_METRE), 1), max(round(ry * PER_METRE), 1))
        cv2.ellipse(self.colour, self._point(x, y), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.ellipse(self.alpha, self._point(x, y), axes, 0, 0, 360, (255,), -1, cv2.LINE_AA)

    def limb(
        self, start: tuple[float, float], end: tuple[float, float], thick: float, colour: Colour
    ) -> None:
        """Draw a thick line with round ends."""
        a, b, size = self._point(*start), self._point(*end), max(round(thick * PER_METRE), 1)
        cv2.line(self.colour, a, b, colour, size, cv2.LINE_AA)
        cv2.line(self.alpha, a, b, (255,), size, cv2.LINE_AA)


def shade(colour: Colour, factor: float) -> Colour:
    """Make a colour darker (factor below 1) or lighter."""
    blue, green, red = (min(max(round(part * factor), 0), 255) for part in colour)
    return blue, green, red


SKIN: Colour = (120, 160, 205)
RUBBER: Colour = (28, 28, 30)


def motorbike(body: Colour, shirt: Colour, helmet: Colour, *, front: bool, pillion: bool) -> Canvas:
    """A two-wheeler with its rider, from the front or from behind."""
    c = Canvas(1.0, 1.8)
    c.box(-0.06, 0.0, 0.06, 0.5, RUBBER)
    c.polygon([(-0.17, 0.32), (0.17, 0.32), (0.2, 0.85), (-0.2, 0.85)], body)
    c.box(-0.1, 0.42, 0.1, 0.55, shade(body, 0.6))
    for side in (-1, 1):
        c.limb((side * 0.16, 0.8), (side * 0.24, 0.45), 0.13, (70, 55, 48))
        c.limb((side * 0.24, 0.45), (side * 0.2, 0.28), 0.11, (60, 48, 42))
        c.limb((side * 0.22, 1.3), (side * 0.38, 1.02), 0.1, shade(shirt, 0.85))
        c.limb((side * 0.38, 1.02), (side * 0.34, 0.97), 0.07, SKIN)
        c.disc(side * 0.42, 1.13, 0.06, 0.05, (50, 50, 52))
    if pillion:
        c.polygon([(-0.26, 0.72), (0.26, 0.72), (0.24, 1.42), (-0.24, 1.42)], shade(shirt, 0.55))
        c.disc(0.07, 1.6, 0.13, 0.14, shade(helmet, 0.7))
    c.polygon(
        [(-0.22, 0.75), (0.22, 0.75), (0.26, 1.32), (0.15, 1.42), (-0.15, 1.42), (-0.26, 1.32)],
        shirt,
    )
    c.polygon([(-0.05, 0.8), (0.05, 0.8), (0.03, 1.38), (-0.03, 1.38)], shade(shirt, 0.8))
    c.box(-0.06, 1.36, 0.06, 1.48, SKIN)
    c.disc(0.0, 1.57, 0.125, 0.13, SKIN if front else helmet)
    c.disc(0.0, 1.62, 0.15, 0.13, helmet)
    if front:
        c.box(-0.11, 1.5, 0.11, 1.58, (200, 190, 180))  # the mask nearly everybody wears
        c.polygon([(-0.16, 0.85), (0.16, 0.85), (0.1, 1.05), (-0.1, 1.05)], shade(body, 1.15))
        c.disc(0.0, 0.93, 0.07, 0.06, (235, 250, 255))
    else:
        c.box(-0.09, 0.66, 0.09, 0.74, (40, 40, 225))
        c.box(-0.08, 0.5, 0.08, 0.62, (235, 235, 235))
    return c


def car(body: Colour, *, front: bool) -> Canvas:
    """A car from the front or from behind, as a camera on a pole sees it."""
    c = Canvas(2.0, 1.7)
    for side in (-1, 1):
        c.box(side * 0.85 - 0.12, 0.0, side * 0.85 + 0.12, 0.45, RUBBER)
    c.polygon(
        [(-0.95, 0.2), (0.95, 0.2), (0.97, 0.75), (0.88, 0.98), (-0.88, 0.98), (-0.97, 0.75)], body
    )
    c.polygon([(-0.84, 0.95), (0.84, 0.95), (0.64, 1.5), (-0.64, 1.5)], shade(body, 0.9))
    c.polygon([(-0.62, 1.48), (0.62, 1.48), (0.56, 1.62), (-0.56, 1.62)], shade(body, 1.2))
    c.polygon([(-0.75, 0.98), (0.75, 0.98), (0.6, 1.42), (-0.6, 1.42)], (70, 58, 48))
    c.polygon([(-0.7, 1.0), (-0.2, 1.0), (-0.3, 1.4), (-0.58, 1.4)], (128, 112, 98))
    c.polygon([(-0.9, 0.78), (0.9, 0.78), (0.84, 0.96), (-0.84, 0.96)], shade(body, 1.15))
    c.box(-0.9, 0.2, 0.9, 0.36, shade(body, 0.55))
    lamp: Colour = (240, 250, 255) if front else (45, 40, 215)
    for side in (-1, 1):
        c.disc(side * 0.74, 0.66, 0.17, 0.09, lamp)
    if front:
        c.box(-0.45, 0.52, 0.45, 0.7, (45, 45, 48))
    c.box(-0.22, 0.38, 0.22, 0.5, (235, 235, 235))
    return c


def bus(body: Colour, *, front: bool) -> Canvas:
    """A city bus from the front or from behind."""
    c = Canvas(2.6, 3.2)
    for side in (-1, 1):
        c.box(side * 1.05 - 0.16, 0.0, side * 1.05 + 0.16, 0.6, RUBBER)
    c.box(-1.25, 0.25, 1.25, 3.05, body)
    c.box(-1.2, 2.95, 1.2, 3.15, shade(body, 1.25))
    c.box(-1.25, 0.25, 1.25, 0.55, shade(body, 0.5))
    c.box(-1.12, 1.25 if front else 1.7, 1.12, 2.5, (75, 62, 52))
    c.polygon(
        [(-1.05, 1.3), (-0.3, 1.3), (-0.6, 2.45), (-1.05, 2.45)]
        if front
        else [(-1.05, 1.75), (-0.5, 1.75), (-0.7, 2.45), (-1.05, 2.45)],
        (130, 116, 102),
    )
    c.box(-0.8, 2.62, 0.8, 2.9, (30, 30, 32))
    c.box(-0.7, 2.68, 0.5, 2.84, (40, 170, 250))
    c.box(-1.25, 1.0, 1.25, 1.12, (225, 235, 235))
    lamp: Colour = (240, 250, 255) if front else (45, 40, 215)
    for side in (-1, 1):
        c.disc(side * 1.0, 0.75, 0.16, 0.11, lamp)
    c.box(-0.25, 0.36, 0.25, 0.5, (235, 235, 235))
    return c


def bag(colour: Colour) -> Canvas:
    """A travelling bag with its handle."""
    c = Canvas(0.6, 0.6)
    for side in (-1, 1):
        c.limb((side * 0.12, 0.36), (side * 0.08, 0.54), 0.03, shade(colour, 0.5))
    c.limb((-0.08, 0.54), (0.08, 0.54), 0.03, shade(colour, 0.5))
    c.polygon([(-0.28, 0.0), (0.28, 0.0), (0.26, 0.4), (-0.26, 0.4)], colour)
    c.box(-0.28, 0.0, 0.28, 0.06, shade(colour, 0.6))
    c.box(-0.2, 0.12, 0.2, 0.24, shade(colour, 1.25))
    return c


def person(shirt: Colour, trousers: Colour, hair: Colour, stride: float, *, hat: bool) -> Canvas:
    """A person from the side or from behind; ``stride`` is -1 to 1, 0 stands still."""
    c = Canvas(0.9, 1.85)
    swing = 0.26 * stride
    for side, factor in ((1, 0.75), (-1, 1.0)):
        foot = side * swing + side * 0.05
        c.limb((side * 0.06, 0.88), (foot * 0.8, 0.45), 0.16, shade(trousers, factor))
        c.limb((foot * 0.8, 0.45), (foot, 0.08), 0.13, shade(trousers, factor * 0.9))
        c.limb((foot, 0.05), (foot + 0.08, 0.04), 0.08, (40, 40, 46))
    c.limb((0.15, 1.38), (0.2 - swing, 0.95), 0.1, shade(shirt, 0.75))
    c.polygon(
        [(-0.2, 0.85), (0.2, 0.85), (0.23, 1.38), (0.14, 1.48), (-0.14, 1.48), (-0.23, 1.38)], shirt
    )
    c.limb((-0.17, 1.38), (-0.22 + swing, 0.95), 0.1, shade(shirt, 0.9))
    c.disc(-0.22 + swing, 0.9, 0.05, 0.06, SKIN)
    c.box(-0.05, 1.44, 0.05, 1.56, SKIN)
    c.disc(0.0, 1.65, 0.11, 0.14, SKIN)
    c.disc(-0.01, 1.7, 0.12, 0.11, hair)
    if hat:  # nón lá, the conical hat
        c.polygon([(-0.33, 1.62), (0.33, 1.62), (0.0, 1.84)], (150, 205, 225))
    return c
