from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from ingest.simulator.scenes import SCENES, SceneSpec, render
from ingest.simulator.scenes.model import Actor, Pose, Scene, View, passing
from ingest.simulator.scenes.rendering import Rendering
from ingest.simulator.scenes.sprites import Pixels, person
from ingest.simulator.scenes.truth import inside


def spec(scene: str, seconds: float = 2.0, fps: int = 5) -> SceneSpec:
    return SceneSpec(scene, 320, 180, fps, seconds, seed=3)


def luma(scene: str) -> tuple[list[Pixels], dict[str, object]]:
    rendering = render(spec(scene))
    pictures = [planes[:180].copy() for planes in rendering.pictures()]
    return pictures, rendering.truth()


@pytest.mark.parametrize("scene", SCENES)
def test_boxes_are_where_the_picture_differs_from_its_background(scene: str) -> None:
    built = SCENES[scene].build(spec(scene))
    empty = cv2.cvtColor(built.backdrop, cv2.COLOR_BGR2YUV_I420)[:180].astype(int)
    pictures, truth = luma(scene)
    frames = truth["frames"]
    assert isinstance(frames, list)
    assert len(frames) == len(pictures) == truth["frames_total"] == 10
    inside: list[float] = []
    outside: list[float] = []
    # The counter stands before the clerk and has its own pixels; leave its half of the room out.
    limit = 160 if built.foreground else 320
    for picture, frame in zip(pictures, frames, strict=True):
        difference = np.abs(picture.astype(int) - empty)
        covered = np.zeros(difference.shape, bool)
        for seen in frame:
            x, y, w, h = seen["box"]
            assert 0 <= x <= x + w <= 1.0001
            assert 0 <= y <= y + h <= 1.0001
            rows = slice(round(y * 180), round((y + h) * 180))
            columns = slice(round(x * 320), round((x + w) * 320))
            covered[rows, columns] = True
            if w * h > 0.005 and columns.stop < limit:
                inside.append(float(difference[rows, columns].mean()))
        outside.append(float(difference[:, :limit][~covered[:, :limit]].mean()))
    if not built.dark and not built.streaks:  # which change the picture outside the boxes too
        assert max(outside) < built.noise + 1
    if inside:
        assert np.mean(inside) > 1.5 * np.mean(outside)
        assert min(inside) > 0.9 * np.mean(outside)
    assert inside or scene == "quiet"


@pytest.mark.parametrize("scene", SCENES)
def test_two_pictures_are_never_the_same(scene: str) -> None:
    pictures, _ = luma(scene)
    for first, second in pairwise(pictures):
        assert not np.array_equal(first, second)


@pytest.mark.parametrize("scene", SCENES)
def test_the_same_seed_gives_the_same_pictures(scene: str) -> None:
    first, _ = luma(scene)
    second, _ = luma(scene)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_another_seed_gives_another_street() -> None:
    one = next(render(spec("traffic")).pictures())
    two = next(render(SceneSpec("traffic", 320, 180, 5, 2.0, seed=4)).pictures())
    assert np.abs(one.astype(int) - two).mean() > 5


def walker(x_at: dict[float, float]) -> Scene:
    """A scene in which one person walks from x to x, given by seconds."""
    times = sorted(x_at)

    def pose(seconds: float) -> Pose:
        return Pose(float(np.interp(seconds, times, [x_at[t] for t in times])), 10.0)

    return Scene(
        backdrop=np.full((180, 320, 3), 128, np.uint8),
        view=View(0.3, 1.0, 4.0),
        actors=(
            Actor(7, "person", (person((0, 0, 200), (0, 0, 0), (0, 0, 0), 0, hat=False),), pose),
        ),
        line=((0.5, 0.0), (0.5, 1.0)),
        zone=((0.5, 0.0), (0.8, 0.0), (0.8, 1.0), (0.5, 1.0)),
    )


def truth_of(scene: Scene, seconds: float, fps: int = 10) -> dict[str, object]:
    rendering = Rendering(SceneSpec("traffic", 320, 180, fps, seconds, 1), scene)
    for _ in rendering.pictures():
        pass
    return rendering.truth()


def test_crossings_and_stays() -> None:
    # At 10 m one metre is a tenth of the height, 18 of 320 pixels. It stands on the far side of
    # the line from 1 s to 3 s, then walks back.
    truth = truth_of(walker({0: -2.0, 0.95: -0.1, 1.0: 0.5, 3.0: 0.5, 3.05: -0.1, 4.0: -2.0}), 4.0)
    crossings, stays = truth["crossings"], truth["stays"]
    assert isinstance(crossings, list)
    assert [(c["frame"], c["id"], c["label"]) for c in crossings] == [
        (10, 7, "person"),
        (31, 7, "person"),
    ]
    assert crossings[0]["direction"] == -crossings[1]["direction"] != 0
    assert stays == [{"id": 7, "enter_frame": 10, "leave_frame": 31, "seconds": 2.1}]


def test_a_stay_goes_over_the_end_of_the_clip() -> None:
    truth = truth_of(walker({0: 0.5, 1.0: 0.5, 1.05: -0.5, 2.95: -0.5, 3.0: 0.5, 4.0: 0.5}), 4.0)
    assert truth["stays"] == [{"id": 7, "enter_frame": 30, "leave_frame": 51, "seconds": 2.1}]


def test_every_visitor_at_the_counter_waits() -> None:
    rendering = render(SceneSpec("counter_queue", 160, 90, 4, 40.0, 1))
    for _ in rendering.pictures():
        pass
    truth = rendering.truth()
    stays, frames = truth["stays"], truth["frames"]
    assert isinstance(stays, list)
    assert isinstance(frames, list)
    visitors = {stay["id"] for stay in stays}
    assert len(visitors) == 6
    assert all(8 < stay["seconds"] < 40 for stay in stays)
    # Nobody is lost over the end of the clip: each visitor stays once in a round.
    assert len(stays) == 6


def test_passing_is_periodic() -> None:
    pose = passing(3.0, 2.0, 10.0, lambda share: Pose(share, 1.0))
    assert pose(2.9) is None
    for lap in (0, 10, 20):
        found = pose(lap + 4.0)
        assert found is not None
        assert found.x == pytest.approx(0.5)


def test_inside() -> None:
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert inside(square, (0.5, 0.5))
    assert not inside(square, (1.5, 0.5))
