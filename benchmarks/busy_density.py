"""Cameras on one core where every frame counts: traffic, a COCO detector at five frames a second.

Some cameras (720p25 over RTSP/TCP) run in this process as a worker runs them: session, ring,
pipeline with the gate off, detector, tracker, rules. Then an ffmpeg per camera pipes pictures of
the model's size to the same detector. The CPU of either gives its cameras per core. In the end as
many cameras as that says run on the core, less a tenth, to see whether they are served.

Example: python -m benchmarks.busy_density --cameras 6 --seconds 5
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from analytics.detectors.detector import Detector, MovingObjectDetector
from analytics.detectors.object_detector import ObjectDetector
from analytics.metrics import FRAMES_INFERRED
from analytics.model.manifest import Model
from benchmarks import numbers
from benchmarks.accounting import cpu_seconds, pin, two_sides
from benchmarks.clip import LongClip, long_clip
from benchmarks.ffmpeg_detector import FPS, PipeFormat, piped
from benchmarks.fleet import fleet
from benchmarks.machine import version_of
from benchmarks.report import Figure, Result, Run, finish, parser
from benchmarks.simulator import simulated
from tests.analytics.fastestdet import FASTESTDET, MANIFEST

TARGET_RATIO = 1.5
_WARM_UP_S = 8.0
_SERVED = 0.97
_MOST = 60


@dataclass(frozen=True, slots=True)
class Chosen:
    """The detector of a run, what the peer's pipe carries for it, and a word on it."""

    detector: Detector
    form: PipeFormat
    note: str


@dataclass(frozen=True, slots=True)
class Load:
    """Cores that some cameras took, and the share of the wanted looks that took place."""

    cameras: int
    cores: float
    served: float

    @property
    def per_core(self) -> float:
        """Cameras on one core, by CPU."""
        return self.cameras / self.cores


def choose() -> Chosen:
    """Return FastestDet where it lies beside the checkout, the built-in detector otherwise."""
    if not FASTESTDET.is_file():
        return Chosen(
            MovingObjectDetector(),
            PipeFormat(320, 180, "gray"),
            "NO COCO DETECTOR: FastestDet.onnx is not beside the checkout; built-in model instead",
        )
    data = FASTESTDET.read_bytes()
    if hashlib.sha256(data).hexdigest() != MANIFEST.sha256:
        raise RuntimeError(f"{FASTESTDET.name} is not the file that its manifest names")
    detector = ObjectDetector(Model(MANIFEST, data))
    assert MANIFEST.image is not None
    return Chosen(
        detector,
        PipeFormat(*MANIFEST.image.size, "gbrp"),
        f"FastestDet 352x352, {detector.seconds * 1000:.1f} ms a picture on one thread",
    )


def inferred() -> float:
    """Frames that detectors of this process have looked at in pipelines."""
    samples = next(iter(FRAMES_INFERRED.collect())).samples
    return next(sample.value for sample in samples if sample.name.endswith("_total"))


def load_of(windows: Sequence[Sequence[float]], cameras: int) -> Load:
    """Return the load from windows of cores and looks a second."""
    cores, looks = numbers.medians(windows)
    return Load(cameras, cores, looks / (FPS * cameras))


async def own(urls: Sequence[str], chosen: Chosen, seconds: float, windows: int) -> Load:
    """Measure our cameras."""
    async with fleet(urls, gated=False, detector=chosen.detector) as running:
        await asyncio.sleep(_WARM_UP_S)
        found = await asyncio.to_thread(
            numbers.rates,
            lambda: [cpu_seconds([os.getpid()]), inferred()],
            seconds=seconds,
            windows=windows,
        )
        if running.failures:
            raise running.failures[0]
    return load_of(found, len(urls))


def theirs(
    urls: Sequence[str], chosen: Chosen, cores: set[int], seconds: float, windows: int
) -> Load:
    """Measure ffmpeg and the detector behind it."""
    with piped(urls, chosen.detector, chosen.form, cores) as (pids, readers):
        time.sleep(_WARM_UP_S)
        found = numbers.rates(
            lambda: [cpu_seconds([os.getpid(), *pids]), sum(r.looks for r in readers)],
            seconds=seconds,
            windows=windows,
        )
    return load_of(found, len(urls))


def measure(run: Run, cameras: int, seconds: float, windows: int) -> Result:
    """Measure both, then the many."""
    servers, mine = two_sides()
    peer: Load | None = None
    with tempfile.TemporaryDirectory() as folder:
        clip = long_clip(Path(folder), 60)
        pin(os.getpid(), mine)
        chosen = choose()
        with simulated(clip, cameras, servers) as (_, urls):
            ours = asyncio.run(own(urls, chosen, seconds, windows))
            if shutil.which("ffmpeg"):
                peer = theirs(urls, chosen, mine, seconds, windows)
        many = _many(clip, ours, chosen, servers, seconds)
    return _result(run, chosen, ours, peer, many)


def _many(clip: LongClip, ours: Load, chosen: Chosen, servers: set[int], seconds: float) -> Load:
    count = max(1, min(_MOST, int(0.9 * ours.per_core)))
    with simulated(clip, count, servers) as (_, urls):
        return asyncio.run(own(urls, chosen, seconds, 2))


def _result(run: Run, chosen: Chosen, ours: Load, peer: Load | None, many: Load) -> Result:
    name = "ffmpeg per camera"
    figures = [
        Figure(
            "cameras per core",
            ours.per_core,
            "cameras",
            peer.per_core if peer else None,
            name,
            higher=True,
        ),
        Figure(f"looks served of {many.cameras} cameras", 100 * many.served, "%"),
        Figure(f"CPU of {many.cameras} cameras", many.cores, "cores"),
    ]
    ratio = ours.per_core / peer.per_core if peer else None
    notes = [chosen.note, "gate off: every picture is decoded, as in busy traffic; 720p25"]
    if peer is None or ratio is None:
        notes.append("no peer: ffmpeg is not installed")
    else:
        figures.append(
            Figure("ratio to the peer", ratio, "times", target=TARGET_RATIO, higher=True)
        )
        notes.append(
            f"peer: {version_of(['ffmpeg', '-version'])}; {100 * peer.served:.0f} % of its looks "
            "took place; it has no tracker, rules or ring"
        )
    notes.append(
        f"{100 * ours.served:.0f} % of the looks at {ours.cameras} cameras took place; "
        f"{ours.cores:.2f} cores"
    )
    if min(ours.served, many.served) < _SERVED:
        notes.append("not all looks took place: the core was overloaded, or its machine was busy")
    details = {
        "loads": {
            kind: [load.cameras, load.cores, load.served]
            for kind, load in (("own", ours), ("peer", peer), ("many", many))
            if load is not None
        },
        "columns": ["cameras", "cores", "served"],
    }
    keys = {"cameras_per_core": ours.per_core, "ratio_to_peer": ratio}
    return run.result(figures, notes, details, keys)


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=5.0)
    options.add_argument("--cameras", type=int, default=6)
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    run = Run("busy_density")
    finish(measure(run, given.cameras, given.seconds, given.windows), given.json)


if __name__ == "__main__":
    main()
