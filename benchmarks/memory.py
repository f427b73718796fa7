"""Memory of a worker per camera, asleep and awake: what its RSS and USS rise by from few to many.

A whole hub with one worker runs for each number of cameras; they send a quiet lane of 720p25 at
2 Mbit/s, and the ring holds 10 s of it. Asleep: measured once the gates sleep. Awake: with the gate
off, every picture is decoded and five a second are looked at.

Example: python -m benchmarks.memory --cameras 4 24 --seconds 3
"""

from __future__ import annotations

import statistics
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from benchmarks import numbers
from benchmarks.accounting import MIB, cpu_seconds, memory_mib, two_sides
from benchmarks.events import wait_until_live
from benchmarks.heavy_lane import heavy
from benchmarks.ingest import ffmpegs
from benchmarks.lane import LEARN_S, Lane, lane, quiet_cameras
from benchmarks.machine import version_of
from benchmarks.report import Figure, Result, Run, finish, parser
from tests.system.hub import Hub

TARGET_MIB = 12e6 / MIB
_MBIT_S = 2.0
_RING_S = 10.0
_SETTLE_S = 15.0
_SLEEP_LIMIT_S = 60.0
_ASLEEP = 0.9


@dataclass(frozen=True, slots=True)
class Point:
    """A worker with so many cameras: MiB, cores, and the share of gates that slept."""

    cameras: int
    rss: float
    uss: float
    cores: float
    asleep: float


def add_cameras(hub: Hub, urls: list[str], *, gate: str) -> None:
    """Register cameras through the API."""
    with hub.client() as client:
        unit = client.get("/api/v1/units").raise_for_status().json()["items"][0]["code"]
        for url in urls:
            name = url.rpartition("/")[2]
            body = {"name": name, "unit_code": unit, "url": url, "gate": gate}
            client.post("/api/v1/cameras", json=body).raise_for_status()


def asleep(hub: Hub) -> float:
    """Return how many gates of the worker sleep."""
    with urllib.request.urlopen(hub.ready["metrics"]["worker-0"], timeout=5) as answer:
        text = answer.read().decode()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "camhub_gate_cameras" and sample.labels["state"] == "asleep"
    )


def settle(hub: Hub, count: int, *, gated: bool) -> None:
    """Wait until rings are full and, where they can, gates sleep."""
    wait_until_live(hub, count)
    time.sleep(max(_SETTLE_S, LEARN_S if gated else 0.0))
    deadline = time.monotonic() + _SLEEP_LIMIT_S
    while gated and asleep(hub) < count and time.monotonic() < deadline:
        time.sleep(1.0)


def observe(clip: Lane, count: int, seconds: float, windows: int, *, gated: bool) -> Point:
    """Run a hub with ``count`` cameras and read its worker."""
    cores = set().union(*two_sides())
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(Path(folder) / "data", demo=0, workers=1)
        try:
            hub.start()
            # the clip begins with the simulator, and gates learn from its beginning
            with quiet_cameras(clip, count, cores) as urls:
                add_cameras(hub, urls, gate="auto" if gated else "off")
                settle(hub, count, gated=gated)
                pid = hub.pid("worker-0")
                slept = asleep(hub) / count
                then, before = time.monotonic(), cpu_seconds([pid])
                read = []
                for _ in range(windows):
                    time.sleep(seconds)
                    read.append(memory_mib(pid))
                used = (cpu_seconds([pid]) - before) / (time.monotonic() - then)
        finally:
            if hub.process is not None and hub.process.poll() is None:
                hub.stop()
    rss, uss = (statistics.median(column) for column in zip(*read, strict=True))
    return Point(count, rss, uss, used, slept)


def one_ffmpeg(clip: Lane) -> tuple[float, float]:
    """Return what an ffmpeg takes that demultiplexes such a camera."""
    cores = set().union(*two_sides())
    with quiet_cameras(clip, 1, cores) as urls, ffmpegs(urls, cores) as pids:
        time.sleep(_SETTLE_S)
        return memory_mib(pids[0])


def measure(run: Run, counts: list[int], seconds: float, windows: int) -> Result:
    """Read workers of both kinds, and one ffmpeg beside them."""
    version = version_of(["ffmpeg", "-version"])
    figures: list[Figure] = []
    notes: list[str] = []
    found: dict[str, list[Point]] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = heavy(lane(Path(folder)), Path(folder), _MBIT_S)
        theirs = one_ffmpeg(clip) if version else None
        for kind, gated in (("asleep", True), ("awake", False)):
            points = [observe(clip, count, seconds, windows, gated=gated) for count in counts]
            found[kind] = points
            rss = numbers.slope([(point.cameras, point.rss) for point in points])
            uss = numbers.slope([(point.cameras, point.uss) for point in points])
            target = TARGET_MIB if gated else None
            peer = theirs or (None, None)
            figures += [
                Figure(f"RSS of a camera {kind}", rss, "MiB", peer[0], "one ffmpeg", target),
                Figure(f"USS of a camera {kind}", uss, "MiB", peer[1], "one ffmpeg"),
            ]
            notes += [
                f"{kind}, {point.cameras} cameras: RSS {point.rss:.0f} MiB, USS {point.uss:.0f} "
                f"MiB, {point.cores:.2f} cores, {100 * point.asleep:.0f} % of the gates slept"
                for point in points
            ]
    if min(point.asleep for point in found["asleep"]) < _ASLEEP:
        notes.append("NOT ALL GATES SLEPT: what is called asleep was decoded in part")
    notes.append(
        f"with analysis and a ring of {_RING_S:.0f} s at {_MBIT_S:.1f} Mbit/s "
        f"({_MBIT_S * _RING_S / 8.388608:.1f} MiB of compressed pictures per camera)"
    )
    notes.append(
        f"peer: {version}, demultiplexing only: it neither decodes nor keeps anything"
        if version
        else "no peer: ffmpeg is not installed"
    )
    columns = ["cameras", "rss", "uss", "cores", "asleep"]
    values = {
        kind: [[one.cameras, one.rss, one.uss, one.cores, one.asleep] for one in points]
        for kind, points in found.items()
    }
    return run.result(figures, notes, {"columns": columns, "points": values})


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=2.0)
    options.add_argument("--cameras", type=int, nargs="+", default=[4, 24])
    given = options.parse_args()
    counts = sorted(set(given.cameras))
    if len(counts) < 2:
        options.error("--cameras: a slope needs two different counts")
    run = Run("memory")
    finish(measure(run, counts, given.seconds, given.windows), given.json)


if __name__ == "__main__":
    main()
