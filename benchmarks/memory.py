"""Memory of a worker per added camera: the slope of its RSS and USS over 2, 6, 12, 24 cameras.

A whole hub with one worker runs; cameras of one 720p25 clip are added through the API, and after
``--seconds`` at each count (the ring holds 10 s) the worker's memory is read in each window.

Example: python -m benchmarks.memory --cameras 2 6 12 24 --seconds 8
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks import numbers
from benchmarks.accounting import cpu_seconds, memory_mib, two_sides
from benchmarks.clip import long_clip
from benchmarks.events import wait_until_live
from benchmarks.ingest import ffmpegs
from benchmarks.machine import version_of
from benchmarks.report import Figure, Result, Run, finish, parser
from benchmarks.simulator import simulated
from tests.system.hub import Hub

_SETTLE_S = 15.0


def add_cameras(hub: Hub, urls: list[str]) -> None:
    """Register cameras through the API."""
    with hub.client() as client:
        unit = client.get("/api/v1/units").raise_for_status().json()["items"][0]["code"]
        for url in urls:
            body = {"name": url.rpartition("/")[2], "unit_code": unit, "url": url}
            client.post("/api/v1/cameras", json=body).raise_for_status()


def grow(
    hub: Hub, urls: list[str], counts: list[int], seconds: float, windows: int
) -> list[list[float]]:
    """Return for each count of cameras: count, RSS and USS in MiB, cores of the worker."""
    points: list[list[float]] = []
    pid = hub.pid("worker-0")
    present = 0
    for count in counts:
        add_cameras(hub, urls[present:count])
        present = count
        wait_until_live(hub, count)
        time.sleep(_SETTLE_S)
        then, before = time.monotonic(), cpu_seconds([pid])
        read = []
        for _ in range(windows):
            time.sleep(seconds)
            read.append(memory_mib(pid))
        used = (cpu_seconds([pid]) - before) / (time.monotonic() - then)
        rss, uss = (statistics.median(column) for column in zip(*read, strict=True))
        points.append([float(count), rss, uss, used])
    return points


def measure(run: Run, counts: list[int], seconds: float, windows: int) -> Result:
    """Grow a worker, and read one ffmpeg beside it."""
    version = version_of(["ffmpeg", "-version"])
    theirs: tuple[float, float] | None = None
    cores = set().union(*two_sides())
    with tempfile.TemporaryDirectory() as folder:
        clip = long_clip(Path(folder), 60)
        with simulated(clip, counts[-1], cores) as (_, urls):
            hub = Hub(Path(folder) / "data", demo=0, workers=1)
            try:
                hub.start()
                empty = memory_mib(hub.pid("worker-0"))
                points = grow(hub, urls, counts, seconds, windows)
            finally:
                if hub.process is not None:
                    hub.stop()
            if version:
                with ffmpegs(urls[:1], cores) as pids:
                    time.sleep(_SETTLE_S)
                    theirs = memory_mib(pids[0])
    rss = numbers.slope([(point[0], point[1]) for point in points])
    uss = numbers.slope([(point[0], point[2]) for point in points])
    name = "one ffmpeg"
    figures = [
        Figure("RSS per added camera", rss, "MiB", theirs[0] if theirs else None, name),
        Figure("USS per added camera", uss, "MiB", theirs[1] if theirs else None, name),
        Figure("RSS of a worker without cameras", empty[0], "MiB"),
    ]
    notes = [
        f"{count:.0f} cameras: RSS {one:.0f} MiB, USS {own:.0f} MiB, {used:.2f} cores"
        for count, one, own, used in points
    ]
    notes.append(
        f"with analysis and the ring of 10 s at {clip.mbit_s:.2f} Mbit/s "
        f"({clip.mbit_s * 10 / 8.388608:.1f} MiB of compressed pictures per camera)"
    )
    notes.append(
        f"peer: {version}, demultiplexing only: it neither decodes nor keeps anything"
        if version
        else "no peer: ffmpeg is not installed"
    )
    return run.result(
        figures, notes, {"columns": ["cameras", "rss", "uss", "cores"], "points": points}
    )


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=5.0)
    options.add_argument("--cameras", type=int, nargs="+", default=[2, 6, 12, 24])
    given = options.parse_args()
    counts = sorted(set(given.cameras))
    if len(counts) < 2:
        options.error("--cameras: a slope needs two different counts")
    run = Run("memory")
    finish(measure(run, counts, given.seconds, given.windows), given.json)


if __name__ == "__main__":
    main()
