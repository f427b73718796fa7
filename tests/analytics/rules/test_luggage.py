"""Left and removed luggage: exactly what the generated scene says was put down and taken away."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from analytics.detectors.detector import Look, MovingObjectDetector
from analytics.rulebook.book import LeftObjectRule
from analytics.rules.base import Hit, Sight
from analytics.rules.left_object import LeftObject
from analytics.tracking.tracker import Tracker
from ingest.simulator.scenes import SceneSpec, render

FPS, SECONDS, AFTER_S, LEARN_S = 5, 120.0, 10.0, 5.0


def stands(frames: list[list[dict[str, Any]]]) -> dict[int, list[tuple[int, int, list[float]]]]:
    """Return for each bag the spans of frames in which it stands in one place, and its box."""
    found: dict[int, list[tuple[int, int, list[float]]]] = {}
    for index, frame in enumerate(frames):
        for one in frame:
            if one["label"] != "bag":
                continue
            spans = found.setdefault(one["id"], [])
            if spans and spans[-1][1] == index and spans[-1][2] == one["box"]:
                spans[-1] = (spans[-1][0], index + 1, one["box"])
            else:
                spans.append((index, index + 1, one["box"]))
    return {key: [one for one in spans if one[1] - one[0] > FPS] for key, spans in found.items()}


@pytest.mark.parametrize("seed", [1, 4])
def test_what_is_told_is_what_was_put_down_and_taken_away(seed: int) -> None:
    rendering = render(SceneSpec("left_bag", 480, 270, FPS, SECONDS, seed))
    rule = LeftObjectRule("bags", after_s=AFTER_S, learn_s=LEARN_S)
    machine, camera, tracker = LeftObject(rule), MovingObjectDetector().camera(), Tracker()
    hits: list[tuple[float, Hit]] = []
    for index, picture in enumerate(rendering.pictures()):
        small = cv2.resize(picture[:270], (320, 180), interpolation=cv2.INTER_AREA)
        plane = np.asarray(small, np.uint8)
        at_us = index * 1_000_000 // FPS
        tracks = tracker.update(camera.detect(Look(plane, at_us, 16 / 9)), at_us)
        hits += [(index / FPS, hit) for hit in machine.see(Sight(tracks, at_us, plane))]
    frames = rendering.truth()["frames"]
    assert isinstance(frames, list)
    wanted: list[tuple[float, str, list[float]]] = []
    for spans in stands(frames).values():
        known = spans[0][0] == 0  # it belongs to the learned picture: what is told is its absence
        if known:
            wanted.append((spans[0][1] / FPS + AFTER_S, "object_removed", spans[0][2]))
        else:
            wanted.append((spans[0][0] / FPS + AFTER_S, "object_left", spans[0][2]))
    assert [hit.kind for _, hit in hits] == [kind for _, kind, _ in sorted(wanted)]
    for (at, hit), (due, _, box) in zip(hits, sorted(wanted), strict=True):
        assert at == pytest.approx(due, abs=3.0)  # the bearer's legs hide it for a moment
        x, y, w, h = box
        assert x <= hit.box.x + hit.box.w / 2 <= x + w
        assert y <= hit.box.y + hit.box.h / 2 <= y + h
        assert hit.measured["still_s"] == pytest.approx(AFTER_S, abs=0.6)
