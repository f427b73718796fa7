"""The street scenes: traffic by day, by night, in rain, and through a noisy sensor."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ingest.simulator.scenes.backdrop import street
from ingest.simulator.scenes.model import Actor, Path, Pose, Scene, SceneSpec, View, passing
from ingest.simulator.scenes.sprites import Canvas, Colour, bus, car, motorbike, person

VIEW = View(horizon=0.24, focal=1.05, height_m=6.5)
HALF_ROAD = 7.0
_FAR, _NEAR = 75.0, 6.2
# Vehicles come in waves, as from a traffic light that is green for this share of a round.
_GREEN = 0.55

BODIES: tuple[Colour, ...] = (
    (50, 50, 190),
    (200, 200, 200),
    (45, 45, 48),
    (170, 90, 40),
    (60, 130, 60),
    (110, 110, 115),
)
SHIRTS: tuple[Colour, ...] = (
    (210, 205, 200),
    (150, 80, 60),
    (60, 60, 170),
    (90, 160, 200),
    (80, 120, 70),
    (140, 90, 150),
    (60, 190, 90),
    (50, 140, 235),
)
HELMETS: tuple[Colour, ...] = (
    (40, 40, 45),
    (60, 60, 200),
    (200, 200, 205),
    (190, 120, 50),
    (90, 190, 60),
    (170, 140, 220),
)

# x of the lane, speed in m/s, what drives there; traffic keeps to the right, so that what comes
# toward the camera is on the left. In one lane all have one speed, and so nobody runs into anybody.
_LANES: tuple[tuple[float, float, str], ...] = (
    (-6.0, 8.0, "motorbike"),
    (-5.0, 8.6, "motorbike"),
    (-3.9, 7.6, "motorbike"),
    (-1.9, 8.8, "car"),
    (1.9, 9.2, "car"),
    (3.9, 7.8, "motorbike"),
    (5.0, 8.4, "motorbike"),
    (6.0, 7.4, "motorbike"),
)


def traffic(spec: SceneSpec) -> Scene:
    """Many two-wheelers, some cars and buses, and people on the zebra crossing."""
    random = np.random.default_rng(spec.seed)
    actors: list[Actor] = []
    for x, speed, kind in _LANES:
        toward = x < 0
        headway = 2.2 if kind == "motorbike" else 5.0
        count = max(int(spec.seconds * _GREEN / headway), 1)
        for index in range(count):
            if random.random() < 0.2:
                continue
            start = (index + random.uniform(0, 0.45)) * spec.seconds * _GREEN / count
            label = "bus" if kind == "car" and random.random() < 0.25 else kind
            drawing = _vehicle(label, toward, random)
            lane = x + (random.uniform(-0.25, 0.25) if kind == "motorbike" else 0.0)
            duration = (_FAR - _NEAR) / speed
            pose = passing(start, duration, spec.seconds, _along(lane, toward))
            actors.append(
                Actor(len(actors) + 1, label, (drawing,), pose, "front" if toward else "rear")
            )
    actors.extend(_walkers(spec, random, len(actors)))
    return Scene(
        backdrop=street(spec.width, spec.height, VIEW, spec.seed, HALF_ROAD),
        view=VIEW,
        actors=tuple(actors),
        line=((0.02, 0.62), (0.98, 0.62)),
        zone=((0.2, 0.5), (0.8, 0.5), (0.95, 0.95), (0.05, 0.95)),
    )


def _along(x: float, toward: bool) -> Path:
    def path(share: float) -> Pose:
        share = 1 - share if toward else share
        return Pose(x, _NEAR + (_FAR - _NEAR) * share)

    return path


def _vehicle(label: str, front: bool, random: np.random.Generator) -> Canvas:
    def pick(colours: tuple[Colour, ...]) -> Colour:
        return colours[int(random.integers(len(colours)))]

    if label == "bus":
        return bus(((70, 140, 40), (60, 110, 210))[int(random.integers(2))], front=front)
    if label == "car":
        return car(pick(BODIES), front=front)
    return motorbike(
        pick(BODIES), pick(SHIRTS), pick(HELMETS), front=front, pillion=bool(random.random() < 0.3)
    )


def strides(random: np.random.Generator) -> tuple[Canvas, ...]:
    """Draw one person in the phases of a walk; the first stands."""
    shirt = SHIRTS[int(random.integers(len(SHIRTS)))]
    trousers = ((70, 60, 50), (45, 45, 50), (120, 90, 60))[int(random.integers(3))]
    hat = bool(random.random() < 0.25)
    return tuple(
        person(shirt, trousers, (35, 35, 40), stride, hat=hat)
        for stride in (0.0, 0.6, 1.0, 0.6, 0.0, -0.6, -1.0, -0.6)
    )


def across(z: float, left: float, right: float, leftward: bool) -> Path:
    """Return a path from one side to the other at distance ``z``, with moving legs."""

    def path(share: float) -> Pose:
        way = share * (right - left)
        x = right - way if leftward else left + way
        # One full cycle of eight drawings takes two steps of about 0.7 m.
        return Pose(x, z, int(way / 1.4 * 8) % 8, leftward)

    return path


def _walkers(spec: SceneSpec, random: np.random.Generator, first: int) -> list[Actor]:
    actors = []
    for index in range(3):
        speed = random.uniform(1.2, 1.6)
        z = (13.6, 14.4, 15.3)[index]
        path = across(z, -9.5, 9.5, bool(index % 2))
        start = random.uniform(0, spec.seconds)
        pose = passing(start, 19 / speed, spec.seconds, path)
        actors.append(Actor(first + index + 1, "person", strides(random), pose))
    return actors


def traffic_night(spec: SceneSpec) -> Scene:
    """The same street after dark: lamps, little light, more noise."""
    scene = traffic(spec)
    dim = scene.backdrop.astype(np.float32) * (0.34, 0.25, 0.22)
    glow = np.zeros((spec.height, spec.width, 3), np.float32)
    bulbs: list[tuple[int, int, int]] = []
    for side in (-1, 1):
        for z in (60.0, 38.0, 24.0, 15.0):
            scale = VIEW.scale(z) * spec.height
            x = spec.width / 2 + side * (HALF_ROAD - 1) * scale
            pool, lamp = VIEW.row(z) * spec.height, VIEW.row(z) * spec.height - 8 * scale
            cv2.ellipse(
                glow,
                (round(x), round(pool)),
                (round(4.5 * scale), round(1.7 * scale)),
                0,
                0,
                360,
                (40, 75, 95),
                -1,
            )
            bulbs.append((round(x), round(lamp), max(round(0.35 * scale), 2)))
    blurred = cv2.GaussianBlur(glow, (0, 0), spec.height / 26)
    lamps = np.zeros_like(glow)
    for x, y, radius in bulbs:
        cv2.circle(lamps, (x, y), radius, (190, 235, 255), -1)
    blurred = blurred + cv2.GaussianBlur(lamps, (0, 0), spec.height / 120)
    backdrop = np.clip(dim * (1 + blurred / 60) + blurred * 0.8, 0, 255).astype(np.uint8)
    return replace(scene, backdrop=backdrop, light=0.42, noise=3.2, dark=True)


def traffic_rain(spec: SceneSpec) -> Scene:
    """The same street in a tropical downpour: grey, wet and streaked."""
    scene = traffic(spec)
    grey = cv2.cvtColor(cv2.cvtColor(scene.backdrop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    dull = cv2.addWeighted(scene.backdrop, 0.4, grey, 0.36, 14)
    rows = round(VIEW.row(90) * spec.height)
    mirror = cv2.GaussianBlur(cv2.flip(dull[: rows * 2], 0), (0, 0), spec.height / 40)
    ground = dull[rows : rows + mirror.shape[0]]
    ground[:] = cv2.addWeighted(ground, 0.78, mirror[: ground.shape[0]], 0.25, 0)
    haze = np.linspace(1, 0, spec.height, dtype=np.float32)[:, None, None] ** 2 * 0.45
    backdrop = (dull * (1 - haze) + np.array([178, 176, 172]) * haze).astype(np.uint8)
    return replace(scene, backdrop=backdrop, light=0.72, noise=2.4, streaks=260, wet=True)


def traffic_noise(spec: SceneSpec) -> Scene:
    """The same street through a cheap sensor in bad light: its noise drowns small movements."""
    scene = traffic(spec)
    backdrop = cv2.convertScaleAbs(scene.backdrop, alpha=0.55, beta=12).astype(np.uint8)
    return replace(scene, backdrop=backdrop, light=0.55, noise=10.0)
