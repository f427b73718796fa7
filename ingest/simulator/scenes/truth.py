"""The ground truth of a clip: boxes per picture, line crossings, and stays in the zone."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.simulator.scenes.model import Line, Polygon, Scene, SceneSpec, Seen

_Point = tuple[float, float]
_LEAP = 0.1  # of the picture: more than any object moves from one picture to the next


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


def _follow_on(places: dict[int, _Point], total: int) -> bool:
    """Tell whether the object goes over the end of the clip into its beginning without a leap."""
    first, last = places.get(0), places.get(total - 1)
    if first is None or last is None or total < 2:
        return False
    return abs(first[0] - last[0]) < _LEAP and abs(first[1] - last[1]) < _LEAP


def _crossings(line: Line, frames: list[list[Seen]]) -> Iterator[tuple[int, int, int]]:
    """Yield (frame, id, direction)."""
    for identity, places in _feet(frames).items():
        for index, place in places.items():
            before = places.get(index - 1)
            if index == 0 and _follow_on(places, len(frames)):
                before = places[len(frames) - 1]
            if before is not None and (way := _crosses(line, before, place)):
                yield index, identity, way


def _stays(zone: Polygon, frames: list[list[Seen]], fps: int) -> Iterator[dict[str, object]]:
    total = len(frames)
    for identity, places in _feet(frames).items():
        spans: list[tuple[int, int]] = []
        for index in sorted(places):
            if not inside(zone, places[index]):
                continue
            if spans and spans[-1][1] == index:
                spans[-1] = (spans[-1][0], index + 1)
            else:
                spans.append((index, index + 1))
        goes_over = len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == total
        if goes_over and _follow_on(places, total):
            spans[-1] = (spans[-1][0], total + spans.pop(0)[1])
        for first, last in spans:
            yield {
                "id": identity,
                "enter_frame": first,
                "leave_frame": last,
                "seconds": round((last - first) / fps, 3),
            }


def describe_truth(spec: SceneSpec, scene: Scene, frames: list[list[Seen]]) -> dict[str, object]:
    """Return the JSON of the ground truth. All places are fractions of width and height.

    ``foot`` is where an object touches the ground; crossings and stays go by it. ``frame`` counts
    from 0; picture ``frame`` is captured ``frame / fps`` seconds after the start of a round. A stay
    that goes over the end of the clip has a ``leave_frame`` beyond ``frames_total``.
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
        "crossings": [
            {"frame": frame, "id": identity, "direction": way, "label": by_id[identity]}
            for frame, identity, way in sorted(_crossings(scene.line, frames))
        ],
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
