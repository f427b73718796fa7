"""How long it takes to probe many cameras at once: every stream measured for eight seconds.

A whole hub runs with two workers, and beside it the simulator with as many cameras (720p25). All
probes are asked for over the API at the same time; the time runs from the first request to the last
report. Beside it stands one probe alone, on the same hub.

Example: python -m benchmarks.probe --cameras 200
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks import accounting, numbers
from benchmarks.report import Figure, Result, Run, finish, parser
from ingest.simulator import CameraConfig, SimulatorConfig
from ingest.simulator.library import ClipSpec, build
from ingest.simulator.process import simulator_process
from ioc_api.cli.simulate import default_cache
from tests.system.hub import Hub

TARGET_S = 60.0
_WAIT_S = 20
_CLIPS = 8
_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Probed:
    """Seconds from the first request to the last report, and each report (or job without one)."""

    seconds: float
    reports: list[dict[str, Any]]
    failed: list[str]


async def _one(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    answer = await client.post("/api/v1/probe", json={"url": url})
    answer.raise_for_status()
    job: dict[str, Any] = answer.json()
    while job["state"] in ("queued", "running"):
        # asked for the end alone: what happens on the way is of no interest here
        query = {"after": 2**53, "wait_s": _WAIT_S}
        answer = await client.get(f"/api/v1/jobs/{job['id']}", params=query)
        answer.raise_for_status()
        job = answer.json()
    return job


async def probe_all(hub: Hub, urls: list[str]) -> Probed:
    """Ask for all at once and wait for all."""
    headers = {"Authorization": f"Bearer {hub.token}"}
    limits = httpx.Limits(max_connections=len(urls))
    began = time.monotonic()
    async with httpx.AsyncClient(
        base_url=hub.url, headers=headers, timeout=_LIMIT_S, limits=limits
    ) as client:
        jobs = await asyncio.gather(*(_one(client, url) for url in urls))
    seconds = time.monotonic() - began
    good = [job["result"] for job in jobs if job["result"] and job["result"]["ok"]]
    failed = [
        job["error"]["code"] if job["error"] else job["result"]["failure"]["code"]
        for job in jobs
        if not (job["result"] and job["result"]["ok"])
    ]
    return Probed(seconds, good, failed)


def _pids(hub: Hub) -> dict[str, int]:
    return {role: int(pid) for role, pid in hub.ready["roles"].items()}


def _spent(hub: Hub) -> dict[str, float]:
    return {role: accounting.cpu_seconds([pid]) for role, pid in _pids(hub).items()}


def _memory(hub: Hub) -> float:
    """MiB of the workers together."""
    pids = _pids(hub).items()
    return sum(accounting.memory_mib(pid)[1] for role, pid in pids if role.startswith("worker"))


class Watched:
    """Notes the most memory that the workers held, twice a second."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.most = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.5):
            self.most = max(self.most, _memory(self._hub))


def _cameras(folder: Path, count: int) -> SimulatorConfig:
    scene = build(ClipSpec.of(CameraConfig("clip", rate="cbr")), default_cache())
    cameras = []
    for number in range(count):
        # a clip is loaded once for each name that it has: eight clocks, and not as many as cameras
        link = folder / f"clip{number % _CLIPS}.mp4"
        if number < _CLIPS:
            link.symlink_to(scene)
        cameras.append(CameraConfig(f"c{number}", str(link)))
    return SimulatorConfig(tuple(cameras), folder, max_connections=4 * count)


def measure(run: Run, cameras: int) -> Result:
    """Run hub and simulator, probe one, probe all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hub = Hub(folder / "data", demo=0)
        with simulator_process(_cameras(folder, cameras)) as simulator:
            urls = [simulator.ready.url(f"c{number}") for number in range(cameras)]
            try:
                hub.start()
                alone = asyncio.run(probe_all(hub, urls[:1]))
                psutil.cpu_percent()
                before, held = _spent(hub), _memory(hub)
                with Watched(hub) as watched:
                    together = asyncio.run(probe_all(hub, urls))
                busy = psutil.cpu_percent()
                after = _spent(hub)
            finally:
                if hub.process is not None:
                    hub.stop()
    if not alone.reports or not together.reports:
        raise RuntimeError(f"no probe succeeded: {alone.failed + together.failed}")
    fps = [report["stream"]["fps"] for report in together.reports]
    opened = [report["stream"]["first_picture_s"] for report in together.reports]
    figures = [
        Figure(
            f"{cameras} probes together",
            together.seconds,
            "s",
            alone.seconds,
            "one alone",
            TARGET_S,
        ),
        Figure("first picture p50", numbers.percentile(opened, 0.5), "s"),
        Figure("first picture p95", numbers.percentile(opened, 0.95), "s"),
        Figure("probes that failed", float(len(together.failed)), "", target=0.0),
    ]
    spent = {role: after[role] - before[role] for role in after}
    figures += [
        Figure("memory of a probe", (watched.most - held) / cameras, "MiB"),
        Figure("processor time of a probe", sum(spent.values()) / cameras * 1000, "ms"),
    ]
    roles = ", ".join(f"{role} {seconds:.1f}" for role, seconds in sorted(spent.items()))
    notes = [
        f"processor seconds by role: {roles}",
        f"measured rate {min(fps):.2f} to {max(fps):.2f} pictures/s of a camera that sends 25",
        f"whole machine {busy:.0f} % busy, simulator included",
    ]
    if together.failed:
        notes.append(f"failed: {', '.join(sorted(set(together.failed)))}")
    details = {"took_s": [report["took_s"] for report in together.reports]}
    return run.result(figures, notes, details)


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=8.0)
    options.add_argument("--cameras", type=int, default=200)
    given = options.parse_args()
    run = Run("probe")
    finish(measure(run, given.cameras), given.json)


if __name__ == "__main__":
    main()
