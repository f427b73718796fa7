"""The scores for Prometheus: at most seven series for each unit and for the city."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Gauge

from camera_registry.quality.model import Principle
from camera_registry.quality.ports import GroupScore
from camera_registry.quality.score import mean

CITY = "city"

SCORE = Gauge(
    "camhub_quality_score",
    "Mean quality score of a unit's cameras (unit: its code, or city), 0 to 1, all principles.",
    ["unit"],
)
PRINCIPLE = Gauge(
    "camhub_quality_principle",
    "Mean score of a unit's cameras by one principle, 0 to 1, where it is known.",
    ["unit", "principle"],
)
CAMERAS = Gauge("camhub_quality_cameras", "Cameras with a quality score of the day.", ["unit"])


def show(groups: Iterable[GroupScore]) -> None:
    """Show the scores of a day, and no others."""
    listed = list(groups)
    for gauge in (SCORE, PRINCIPLE, CAMERAS):
        gauge.clear()
    for group in listed:
        _set(SCORE, group.score, group.unit_code)
        CAMERAS.labels(group.unit_code).set(group.cameras)
        for principle in Principle:
            _set(PRINCIPLE, group.scores[principle], group.unit_code, principle.value)
    if listed:
        _set(SCORE, mean((each.score, each.scored) for each in listed), CITY)
        CAMERAS.labels(CITY).set(sum(each.cameras for each in listed))
    for principle in Principle:
        pairs = ((each.scores[principle], each.known[principle]) for each in listed)
        _set(PRINCIPLE, mean(pairs), CITY, principle.value)


def _set(gauge: Gauge, value: float | None, *labels: str) -> None:
    if value is not None:
        gauge.labels(*labels).set(value)
