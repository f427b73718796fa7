"""Which threads of onnxruntime serve cameras best: pictures a second, and processor time of each.

As many callers as cores run a model at once, as the analysis pool does, over three ways to open it:
one session with one thread that does not spin (the product's), one session with onnxruntime's own
choice of threads, which spin, and such a session for each caller. Windows take turns, so that other
load on the machine strikes all alike.

Example: python -m benchmarks.detector_threads --seconds 3 --windows 5
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from analytics.builtin import MANIFEST_PATH
from analytics.model.manifest import Model, load_model
from analytics.model.ort_session import open_session
from benchmarks import numbers
from benchmarks.report import Figure, Run, finish, parser
from tests.analytics.fastestdet import FASTESTDET, MANIFEST


@dataclass(slots=True)
class Way:
    """One way to open the model: a session for each caller, which may be the same."""

    name: str
    sessions: list[ort.InferenceSession]
    windows: list[list[float]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Pictures a second over all callers."""
        return numbers.medians(self.windows)[0]

    @property
    def cost_ms(self) -> float:
        """Processor time of a picture."""
        return numbers.medians(self.windows)[1]


def main() -> None:
    """Measure and print."""
    given = parser(__doc__, seconds=3.0).parse_args()
    run = Run("detector_threads")
    model, note = chosen()
    callers = len(os.sched_getaffinity(0))
    ways = opened(model, callers)
    feed = inputs(model)
    for _ in range(given.windows):
        for way in ways:
            way.windows.append(window(way.sessions, feed, given.seconds))
    ours, shared, each = ways
    result = run.result(
        [
            Figure(
                "pictures a second", ours.rate, "1/s", shared.rate, "own threads, spin", higher=True
            ),
            Figure("pictures a second", ours.rate, "1/s", each.rate, "a session each", higher=True),
            Figure(
                "processor time of a picture", ours.cost_ms, "ms", shared.cost_ms, "own threads"
            ),
            Figure(
                "processor time of a picture", ours.cost_ms, "ms", each.cost_ms, "a session each"
            ),
        ],
        [note, f"{callers} callers at once; load of the machine {os.getloadavg()[0]:.1f}"],
        {way.name: way.windows for way in ways},
        {"pictures_per_s": ours.rate, "ratio_to_default": ours.rate / shared.rate},
    )
    finish(result, given.json)


def chosen() -> tuple[Model, str]:
    """Return FastestDet where it lies beside the checkout, the built-in model otherwise."""
    if FASTESTDET.is_file():
        return Model(MANIFEST, FASTESTDET.read_bytes()), "FastestDet 352x352"
    return load_model(MANIFEST_PATH), "FastestDet is not there: the built-in model"


def opened(model: Model, callers: int) -> list[Way]:
    """Open the model in the three ways."""

    def default() -> ort.InferenceSession:
        return open_session(model, threads=0, spin=True)  # 0: one for each core

    ours, shared = open_session(model), default()
    return [
        Way("one session, one thread", [ours] * callers),
        Way("one session, own threads that spin", [shared] * callers),
        Way("a session each, own threads that spin", [default() for _ in range(callers)]),
    ]


def inputs(model: Model) -> dict[str, NDArray[np.generic]]:
    """Return noise in the shape that a model takes; a free side is that of a 720p plane."""
    sides = (1, 1, 180, 320)
    generator = np.random.default_rng(1)
    return {
        spec.name: generator.random(
            [
                size if isinstance(size, int) else sides[index]
                for index, size in enumerate(spec.shape)
            ]
        ).astype(spec.dtype)
        for spec in model.manifest.inputs
    }


def window(
    sessions: Sequence[ort.InferenceSession], feed: dict[str, NDArray[np.generic]], seconds: float
) -> list[float]:
    """Run all callers for a while; return pictures a second and milliseconds of CPU a picture."""
    until = time.monotonic() + seconds
    counts = [0] * len(sessions)

    def call(index: int) -> Callable[[], None]:
        def work() -> None:
            while time.monotonic() < until:
                sessions[index].run(None, feed)
                counts[index] += 1

        return work

    threads = [threading.Thread(target=call(index)) for index in range(len(sessions))]
    began, burnt = time.monotonic(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = max(sum(counts), 1)
    return [total / (time.monotonic() - began), (time.process_time() - burnt) * 1000 / total]


if __name__ == "__main__":
    main()
