"""The generated scenes by name, and how each is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.simulator.scenes.counter import counter_queue
from ingest.simulator.scenes.luggage import left_bag
from ingest.simulator.scenes.model import Scene, SceneSpec
from ingest.simulator.scenes.people import pedestrians, quiet
from ingest.simulator.scenes.rendering import Rendering
from ingest.simulator.scenes.street import traffic, traffic_night, traffic_noise, traffic_rain

__all__ = ["SCENES", "SceneKind", "SceneSpec", "render"]


@dataclass(frozen=True, slots=True)
class SceneKind:
    """How a scene is built, and how long its clip is unless told otherwise."""

    build: Callable[[SceneSpec], Scene]
    seconds: float = 20.0


SCENES: dict[str, SceneKind] = {
    "traffic": SceneKind(traffic),
    "pedestrians": SceneKind(pedestrians),
    "counter_queue": SceneKind(counter_queue, 40.0),
    "traffic_night": SceneKind(traffic_night),
    "traffic_rain": SceneKind(traffic_rain),
    "traffic_noise": SceneKind(traffic_noise),
    "quiet": SceneKind(quiet, 40.0),
    "left_bag": SceneKind(left_bag, 120.0),
}


def render(spec: SceneSpec) -> Rendering:
    """Prepare the pictures of ``spec``. Raises KeyError for a scene that does not exist."""
    return Rendering(spec, SCENES[spec.scene].build(spec))
