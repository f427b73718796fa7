"""How many pixels a metre of what a camera watches takes, and what that is enough for."""

from __future__ import annotations

import math

DORI = ((250.0, "identify"), (125.0, "recognise"), (62.5, "observe"), (25.0, "detect"))
"""IEC 62676-4:2014, least pixels per metre."""
LEVELS = (
    (1500.0, "scrutinise"),
    (500.0, "validate"),
    (250.0, "characterise"),
    (125.0, "perceive"),
    (80.0, "discern"),
    (40.0, "outline"),
    (20.0, "overview"),
)
"""IEC 62676-4:2025, least pixels per metre."""


def pixels_per_metre(width: int, fov_deg: float, view_m: float) -> float:
    """Return the horizontal pixel density at a distance.

    ``width`` pixels cover ``2 * view_m * tan(fov_deg / 2)`` metres of the plane at ``view_m`` that
    faces the camera: the pinhole model by which IEC 62676-4 defines pixel density. Distortion of
    the lens is left out. ``fov_deg`` is horizontal, above 0 and under 180.
    """
    return width / (2 * view_m * math.tan(math.radians(fov_deg) / 2))


def dori(px_m: float) -> str:
    """Return the highest purpose of 2014 that a density is enough for, empty for none."""
    return next((label for least, label in DORI if px_m >= least), "")


def level(px_m: float) -> str:
    """Return the highest level of 2025 that a density is enough for, empty for none."""
    return next((label for least, label in LEVELS if px_m >= least), "")
