"""Draws a scene picture by picture, and writes down what is in each."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator.scenes.model import Actor, Pose, Scene, SceneSpec, Seen
from ingest.simulator.scenes.sprites import PER_METRE, Canvas, Pixels
from ingest.simulator.scenes.truth import describe_truth

_SMALLEST = 6  # pixels: what is lower than that is neither drawn nor told
_FIELDS = 2


class Rendering:
    """The pictures of one scene, in order; afterwards its ground truth."""

    def __init__(self, spec: SceneSpec, scene: Scene) -> None:
        self._spec, self._scene = spec, scene
        self._scaled: dict[tuple[int, int, bool], tuple[Pixels, Pixels]] = {}
        self._frames: list[list[Seen]] = []
        random = np.random.default_rng(spec.seed + 1)
        noise = random.normal(0, scene.noise, (_FIELDS, spec.height, spec.width))
        self._noise = np.clip(np.round(noise), -127, 127).astype(np.int16)
        for field in self._noise:
            _draw_streaks(field, scene.streaks, random)
        self._rolls = random.integers(0, (spec.height, spec.width), (spec.frames, 2))
        self._glows: dict[tuple[int, bool], Pixels] = {}

    def pictures(self) -> Iterator[Pixels]:
        """Yield each picture as I420 planes (height * 3 / 2, width)."""
        self._frames.clear()
        for index in range(self._spec.frames):
            picture = self._scene.backdrop.copy()
            self._frames.append(self._draw(picture, index / self._spec.fps))
            planes: Pixels = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
            self._add_noise(planes[: self._spec.height], index)
            yield planes

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
        seen: list[Seen | None] = []
        covered = self._scene.foreground is None
        for pose, actor in present:
            if not covered and pose.z < self._scene.foreground_z:
                self._draw_foreground(picture)
                covered = True
            seen.append(self._draw_actor(picture, actor, pose))
        if not covered:
            self._draw_foreground(picture)
        if self._scene.dark:
            for pose, actor in present:
                self._draw_glow(picture, actor, pose)
        return [one for one in seen if one is not None]

    def _draw_foreground(self, picture: Pixels) -> None:
        if self._scene.foreground is not None:
            colour, alpha = self._scene.foreground
            cv2.copyTo(colour, alpha, picture)

    def _draw_glow(self, picture: Pixels, actor: Actor, pose: Pose) -> None:
        """Add the light of a lamp: white and wide from the front, red and small from behind."""
        if actor.lamps == "none":
            return
        front = actor.lamps == "front"
        scale = self._scene.view.scale(pose.z) * self._spec.height
        radius = max(round((1.1 if front else 0.45) * scale), 2)
        if (radius, front) not in self._glows:
            self._glows[radius, front] = _glow(radius, (190, 225, 240) if front else (20, 20, 190))
        y = self._scene.view.row(pose.z) * self._spec.height - 0.8 * scale
        spread = 0.75 if actor.label in {"car", "bus"} else 0.0
        for side in (-1, 1) if spread else (0,):
            x = self._spec.width / 2 + (pose.x + side * spread) * scale
            _add_at(picture, self._glows[radius, front], round(x) - radius, round(y) - radius)

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
        colour, keep = self._sprite(canvas, w, h, pose.mirrored)
        if self._scene.wet:
            self._reflect(picture, colour, left, round(foot_y))
        else:
            self._shadow(picture, foot_x, foot_y, w, scale)
        part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        region = picture[y0:y1, x0:x1]
        faded = cv2.multiply(region, keep[part], scale=1 / 255)
        cv2.add(faded, colour[part], dst=region)
        box = (x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)
        return Seen(actor.id, actor.label, box, (foot_x / width, min(foot_y / height, 1.0)))

    def _reflect(self, picture: Pixels, colour: Pixels, left: int, top: int) -> None:
        mirrored = cv2.flip(colour, 0)[: max(colour.shape[0] // 2, 1)]
        _add_at(picture, cv2.convertScaleAbs(mirrored, alpha=0.22).astype(np.uint8), left, top)

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
            premultiplied = (canvas.colour * alpha // 255).astype(np.uint8)
            lit = cv2.convertScaleAbs(premultiplied, alpha=self._scene.light)
            colour = cv2.resize(lit, (w, h), interpolation=shrink)
            keep = cv2.bitwise_not(cv2.resize(canvas.alpha, (w, h), interpolation=shrink))
            if mirrored:
                colour, keep = cv2.flip(colour, 1), cv2.flip(keep, 1)
            three = cv2.merge([keep, keep, keep])
            self._scaled[key] = (np.asarray(colour, np.uint8), np.asarray(three, np.uint8))
        return self._scaled[key]

    def _add_noise(self, luma: Pixels, index: int) -> None:
        """Add the sensor's noise: one of two fields, shifted by a new amount for each picture."""
        dy, dx = (int(part) for part in self._rolls[index])
        field = self._noise[index % 2]
        height, width = luma.shape
        for rows, source in (
            (slice(0, height - dy), slice(dy, height)),
            (slice(height - dy, height), slice(0, dy)),
        ):
            for columns, across in (
                (slice(0, width - dx), slice(dx, width)),
                (slice(width - dx, width), slice(0, dx)),
            ):
                part = luma[rows, columns]
                if part.size:
                    cv2.add(part, field[source, across], dst=part, dtype=cv2.CV_8U)


def _add_at(picture: Pixels, light: Pixels, left: int, top: int) -> None:
    """Add ``light`` to the part of ``picture`` that it covers."""
    h, w = light.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + w, picture.shape[1]), min(top + h, picture.shape[0])
    if x1 > x0 and y1 > y0:
        region = picture[y0:y1, x0:x1]
        cv2.add(region, light[y0 - top : y1 - top, x0 - left : x1 - left], dst=region)


def _glow(radius: int, colour: tuple[int, int, int]) -> Pixels:
    """Return light that falls off to nothing at ``radius`` pixels."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1] / radius
    strength = np.clip(1 - np.sqrt(x * x + y * y), 0, 1) ** 2.2
    return np.asarray(strength[..., None] * np.array(colour), dtype=np.uint8)


def _draw_streaks(field: npt.NDArray[np.int16], count: int, random: np.random.Generator) -> None:
    """Draw ``count`` streaks of falling rain into a field of noise."""
    if not count:
        return
    height, width = field.shape
    streaks = np.zeros(field.shape, np.uint8)
    for _ in range(count):
        x, y = int(random.integers(width)), int(random.integers(height))
        length = int(random.uniform(0.02, 0.07) * height)
        end = (x - length // 6, y + length)
        cv2.line(streaks, (x, y), end, (int(random.integers(25, 70)),), 1, cv2.LINE_AA)
    field += streaks
