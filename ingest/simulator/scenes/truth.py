"""The ground truth of a clip: boxes per picture, line crossings, and stays in the zone."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.simulator.scenes.model import Line, Polygon, Scene, SceneSpec, Seen

_Point = tuple[float, float]


def _side(line: Line, point: _Point) -> float:
    (ax, ay), (bx, by) = line
    return (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)


def _crosses(line: Line, before: _Point, after: _Point) -> int:
    """Return 1 or -1 for the direction in which a step crosses ``line``, 0 if it does not.

    1 means to the side where the cross product with the line's direction is positive: downward
    for a line drawn from left to right.
    """
    first, second = _side(line, before), _side(line, after)
    if (first < 0) == (second < 0):
        return 0
    step = (before, after)
    if (_side(step, line[0]) < 0) == (_side(step, line[1]) < 0):
        return 0
    return 1 if second >= 0 else -1


def inside(polygon: Polygon, point: _Point) -> bool:
    """Tell whether ``point`` lies in ``polygon`` (even-odd rule)."""
    result = False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (ay > point[1]) != (by > point[1]):
            at = ax + (point[1] - ay) / (by - ay) * (bx - ax)
            result ^= point[0] < at
    return result


def _feet(frames: list[list[Seen]]) -> dict[int, dict[int, _Point]]:
    feet: dict[int, dict[int, _Point]] = {}
    for index, frame in enumerate(frames):
        for seen in frame:
            feet.setdefault(seen.id, {})[index] = seen.foot
    return feet


def _crossings(line: Line, frames: list[list[Seen]]) -> Iterator[dict[str, object]]:
    for identity, places in _feet(frames).items():
        for index, place in places.items():
            before = places.get(index - 1)
            if before is not None and (way := _crosses(line, before, place)):
                yield {"frame": index, "id": identity, "direction": way}


def _stays(zone: Polygon, frames: list[list[Seen]], fps: int) -> Iterator[dict[str, object]]:
    for identity, places in _feet(frames).items():
        within = [index for index, place in places.items() if inside(zone, place)]
        start = 0
        for at in range(len(within)):
            if at + 1 == len(within) or within[at + 1] != within[at] + 1:
                first, last = within[start], within[at]
                yield {
                    "id": identity,
                    "enter_frame": first,
                    "leave_frame": last + 1,
                    "seconds": round((last + 1 - first) / fps, 3),
                }
                start = at + 1


def describe_truth(spec: SceneSpec, scene: Scene, frames: list[list[Seen]]) -> dict[str, object]:
    """Return the JSON of the ground truth. All places are fractions of width and height.

    ``foot`` is where an object touches the ground; crossings and stays go by it. ``frame`` counts
    from 0; picture ``frame`` is captured ``frame / fps`` seconds after the start of a round.
    """
    by_id = {actor.id: actor.label for actor in scene.actors}
    return {
        "scene": spec.scene,
        "fps": spec.fps,
        "width": spec.width,
        "height": spec.height,
        "frames_total": len(frames),
        "line": scene.line,
        "zone": scene.zone,
        "crossings": sorted(
            ({**one, "label": by_id[int(str(one["id"]))]} for one in _crossings(scene.line, frames)),
            key=lambda one: int(str(one["frame"])),
        ),
        "stays": list(_stays(scene.zone, frames, spec.fps)),
        "frames": [
            [
                {
                    "id": seen.id,
                    "label": seen.label,
                    "box": [round(part, 5) for part in seen.box],
                    "foot": [round(part, 5) for part in seen.foot],
                }
                for seen in frame
            ]
            for frame in frames
        ],
    }
