"""The generated scenes by name, and how each is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.simulator.scenes.model import Scene, SceneSpec
from ingest.simulator.scenes.rendering import Rendering
from ingest.simulator.scenes.street import traffic

__all__ = ["SCENES", "SceneKind", "SceneSpec", "render"]


@dataclass(frozen=True, slots=True)
class SceneKind:
    """How a scene is built, and how long its clip is unless told otherwise."""

    build: Callable[[SceneSpec], Scene]
    seconds: float = 20.0


SCENES: dict[str, SceneKind] = {
    "traffic": SceneKind(traffic),
}


def render(spec: SceneSpec) -> Rendering:
    """Prepare the pictures of ``spec``. Raises KeyError for a scene that does not exist."""
    return Rendering(spec, SCENES[spec.scene].build(spec))
