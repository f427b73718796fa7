"""Which camera of a soak has which fault when: drawn from a seed, so that a run can be repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ingest.simulator import CameraConfig, Fault
from ingest.simulator.faults import FaultKind

# Half of the cameras see a quiet lane, as most of a city's do: their gates sleep.
_SOURCES = ("quiet", "traffic", "quiet", "pedestrians", "quiet", "counter_queue")
_MEAN_GAP_S = 120.0
_REST_S = 60.0
_FAULT_S = (5.0, 20.0)
_AMOUNTS = {FaultKind.SLOW_START: (1.0, 6.0), FaultKind.DROP: (1.0, 5.0)}


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault of one camera, ``at_s`` seconds after the plan begins."""

    at_s: float
    camera: str
    fault: Fault


def cameras(count: int, width: int, height: int, fps: int) -> tuple[CameraConfig, ...]:
    """Return cameras of a low rate; every tenth has a port of its own, which ``refuse`` closes."""
    return tuple(
        CameraConfig(
            f"s{number:03d}",
            _SOURCES[number % len(_SOURCES)],
            width=width,
            height=height,
            fps=fps,
            rate="cbr" if number % 7 == 3 else "vbr",
            own_port=number % 10 == 0,
        )
        for number in range(count)
    )


def transport(number: int) -> str:
    """Return how camera ``number`` is pulled: every eighth by UDP, where datagrams can be lost."""
    return "udp" if number % 8 == 5 else "tcp"


def plan(names: list[str], seconds: float, seed: int) -> list[PlannedFault]:
    """Return faults in order of time, all over after ``seconds``.

    Each camera has one every three minutes or so, of any kind; between two of them it has at least
    a minute, in which it has to come back.
    """
    chance = random.Random(seed)
    kinds = list(FaultKind)
    found: list[PlannedFault] = []
    for name in names:
        at_s = chance.expovariate(1 / _MEAN_GAP_S)
        while True:
            lasts_s = chance.uniform(*_FAULT_S)
            kind = chance.choice(kinds)
            amount = chance.uniform(*_AMOUNTS[kind]) if kind in _AMOUNTS else None
            if at_s + lasts_s > seconds:
                break
            fault = Fault.of(kind, round(lasts_s, 1), amount)
            found.append(PlannedFault(at_s, name, fault))
            at_s += lasts_s + _REST_S + chance.expovariate(1 / _MEAN_GAP_S)
    return sorted(found, key=lambda one: (one.at_s, one.camera))
