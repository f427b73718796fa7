"""Draws a scene picture by picture, and writes down what is in each."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from ingest.simulator.scenes.model import Actor, Pose, Scene, SceneSpec, Seen
from ingest.simulator.scenes.sprites import PER_METRE, Canvas, Pixels
from ingest.simulator.scenes.truth import describe_truth

_SMALLEST = 6  # pixels: what is lower than that is neither drawn nor told
_TILES = 8


class Rendering:
    """The pictures of one scene, in order; afterwards its ground truth."""

    def __init__(self, spec: SceneSpec, scene: Scene) -> None:
        self._spec, self._scene = spec, scene
        self._scaled: dict[tuple[int, int, bool], tuple[Pixels, Pixels]] = {}
        self._frames: list[list[Seen]] = []
        random = np.random.default_rng(spec.seed + 1)
        shape = (_TILES, spec.height, spec.width)
        noise = random.normal(0, scene.noise, (2, spec.height, spec.width))
        self._noise = np.clip(np.round(noise), -127, 127).astype(np.int16)
        self._rolls = random.integers(0, (spec.height, spec.width), (spec.frames, 2))
        del shape

    def pictures(self) -> Iterator[Pixels]:
        """Yield each picture as I420 planes (height * 3 / 2, width)."""
        self._frames.clear()
        for index in range(self._spec.frames):
            picture = self._scene.backdrop.copy()
            self._frames.append(self._draw(picture, index / self._spec.fps))
            planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
            self._add_noise(planes[: self._spec.height], index)
            yield planes.astype(np.uint8, copy=False)

    def truth(self) -> dict[str, object]:
        """Describe the whole clip; valid after the last picture."""
        return describe_truth(self._spec, self._scene, self._frames)

    def _draw(self, picture: Pixels, seconds: float) -> list[Seen]:
        present = [
            (pose, actor)
            for actor in self._scene.actors
            if (pose := actor.pose(seconds)) is not None
        ]
        present.sort(key=lambda item: -item[0].z)
        seen = [self._draw_actor(picture, actor, pose) for pose, actor in present]
        return [one for one in seen if one is not None]

    def _draw_actor(self, picture: Pixels, actor: Actor, pose: Pose) -> Seen | None:
        width, height = self._spec.width, self._spec.height
        view = self._scene.view
        canvas = actor.drawings[pose.drawing]
        scale = view.scale(pose.z) * height
        w, h = round(canvas.width * scale), round(canvas.height * scale)
        if h < _SMALLEST or w < 2:
            return None
        foot_x, foot_y = width / 2 + pose.x * scale, view.row(pose.z) * height
        left, top = round(foot_x - w / 2), round(foot_y - h)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + w, width), min(top + h, height)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return None
        self._shadow(picture, foot_x, foot_y, w, scale)
        colour, keep = self._sprite(canvas, w, h, pose.mirrored)
        part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        region = picture[y0:y1, x0:x1]
        faded = cv2.multiply(region, keep[part], scale=1 / 255)
        cv2.add(faded, colour[part], dst=region)
        box = (x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)
        return Seen(actor.id, actor.label, box, (foot_x / width, min(foot_y / height, 1.0)))

    def _shadow(self, picture: Pixels, x: float, y: float, w: int, scale: float) -> None:
        rx, ry = max(round(w * 0.55), 1), max(round(0.16 * scale), 1)
        x0, x1 = max(round(x) - rx, 0), min(round(x + 0.3 * w) + rx, self._spec.width)
        y0, y1 = max(round(y) - ry, 0), min(round(y) + ry, self._spec.height)
        if x1 <= x0 or y1 <= y0:
            return
        region = picture[y0:y1, x0:x1]
        mask = np.full(region.shape, 255, np.uint8)
        centre = (round(x + 0.12 * w) - x0, round(y) - y0)
        cv2.ellipse(mask, centre, (rx, ry), 0, 0, 360, (140, 140, 140), -1)
        cv2.multiply(region, mask, dst=region, scale=1 / 255)

    def _sprite(self, canvas: Canvas, w: int, h: int, mirrored: bool) -> tuple[Pixels, Pixels]:
        """Return (colour × alpha, 255 − alpha), both (h, w, 3), scaled once per size."""
        key = (id(canvas), w, mirrored)
        if key not in self._scaled or self._scaled[key][0].shape[0] != h:
            shrink = cv2.INTER_AREA if h < canvas.height * PER_METRE else cv2.INTER_LINEAR
            alpha = canvas.alpha[..., None].astype(np.uint16)
            colour = (canvas.colour * alpha // 255).astype(np.uint8)
            lit = cv2.convertScaleAbs(colour, alpha=self._scene.light)
            colour = cv2.resize(lit, (w, h), interpolation=shrink)
            keep = 255 - cv2.resize(canvas.alpha, (w, h), interpolation=shrink)
            if mirrored:
                colour, keep = cv2.flip(colour, 1), cv2.flip(keep, 1)
            self._scaled[key] = (colour, cv2.merge([keep, keep, keep]))
        return self._scaled[key]

    def _add_noise(self, luma: Pixels, index: int) -> None:
        """Add the sensor's noise: one of two fields, shifted by a new amount for each picture."""
        dy, dx = (int(part) for part in self._rolls[index])
        field = self._noise[index % 2]
        height, width = luma.shape
        for rows, source in ((slice(0, height - dy), slice(dy, height)),
                             (slice(height - dy, height), slice(0, dy))):
            for columns, across in ((slice(0, width - dx), slice(dx, width)),
                                    (slice(width - dx, width), slice(0, dx))):
                part = luma[rows, columns]
                if part.size:
                    cv2.add(part, field[source, across], dst=part, dtype=cv2.CV_8U)
