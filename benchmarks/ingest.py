"""What one camera costs RTSP ingest alone: this process's CPU, beside ffmpeg's demultiplexing.

All cameras (720p25 over RTSP/TCP) run in this process as a worker runs them, CameraRunner with a
GopRing and no analysis. Then one ``ffmpeg -c copy -f null`` per camera reads the same simulator.
The simulator has one half of the cores, what is measured the other.

Example: python -m benchmarks.ingest --cameras 40 --seconds 8
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from benchmarks import numbers
from benchmarks.accounting import cpu_seconds, pin, two_sides
from benchmarks.clip import long_clip
from benchmarks.machine import version_of
from benchmarks.report import Figure, Result, Run, finish, parser
from benchmarks.simulator import simulated
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.model import CameraSpec
from ingest.camera_runner import CameraRunner
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.ring import GopRing

_WARM_UP_S = 8.0


class Tally:
    """Counts packets. Each camera has its own, so that no thread shares a counter."""

    def __init__(self) -> None:
        self.packets = 0

    def push(self, _: Packet) -> None:
        """Count one."""
        self.packets += 1


async def ingest(urls: Sequence[str], seconds: float, windows: int) -> list[list[float]]:
    """Run cameras on ``urls``; returns cores and packets a second of each window."""
    clock, options = SystemClock(), IngestOptions()
    tallies = [Tally() for _ in urls]
    runners = [
        CameraRunner(
            CameraSpec(new_id(clock.utc_us()), "camera", "26734", url, 1),
            None,
            options=options,
            clock=clock,
            on_state=lambda _: None,
            sinks=(GopRing(options.ring_s, options.ring_bytes), tally),
        )
        for url, tally in zip(urls, tallies, strict=True)
    ]

    def read() -> tuple[float, float]:
        return cpu_seconds([os.getpid()]), float(sum(tally.packets for tally in tallies))

    for runner in runners:
        await runner.start()
    try:
        await asyncio.sleep(_WARM_UP_S)
        return await asyncio.to_thread(numbers.rates, read, seconds=seconds, windows=windows)
    finally:
        await asyncio.gather(*(runner.stop() for runner in runners))


@contextlib.contextmanager
def ffmpegs(urls: Sequence[str], cores: set[int]) -> Iterator[list[int]]:
    """Run one demultiplexing ffmpeg per address on ``cores``; gives their pids."""
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp", "-i"]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for url in urls:
            running.append(subprocess.Popen([*command, url, "-c", "copy", "-f", "null", "-"]))
            pin(running[-1].pid, cores)
        yield [process.pid for process in running]
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def measure(run: Run, cameras: int, seconds: float, windows: int) -> Result:
    """Measure this ingest and then ffmpeg's."""
    servers, mine = two_sides()
    peer: list[list[float]] | None = None
    version = version_of(["ffmpeg", "-version"]) if shutil.which("ffmpeg") else ""
    notes = [f"measured on cores {sorted(mine)}, simulator on {sorted(servers)}"]
    with tempfile.TemporaryDirectory() as folder:
        clip = long_clip(Path(folder), 60)
        with simulated(clip, cameras, servers) as (_, urls):
            pin(os.getpid(), mine)
            own = asyncio.run(ingest(urls, seconds, windows))
            if version:
                with ffmpegs(urls, mine) as pids:
                    time.sleep(_WARM_UP_S)
                    peer = numbers.rates(
                        lambda: [cpu_seconds(pids)], seconds=seconds, windows=windows
                    )
                notes.append(f"peer: {version}, one process per camera")
            else:
                notes.append("no peer: ffmpeg is not installed")
    cores, packets = numbers.medians(own)
    theirs = numbers.medians(peer)[0] if peer else None
    figures = [
        Figure(f"CPU of {cameras} cameras", cores, "cores", theirs, "ffmpeg"),
        Figure(
            "CPU of one camera",
            100 * cores / cameras,
            "% of a core",
            100 * theirs / cameras if theirs is not None else None,
            "ffmpeg",
        ),
    ]
    notes.append(f"{packets / cameras:.1f} packets a second came from each camera")
    if packets / cameras < 24.5:
        notes.append("that is less than the 25 that were sent: the figure is of an overload")
    return run.result(figures, notes, {"own": own, "peer": peer})


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=8.0)
    options.add_argument("--cameras", type=int, default=40)
    given = options.parse_args()
    # forty cameras that come live would hide the table
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    run = Run("ingest")
    finish(measure(run, given.cameras, given.seconds, given.windows), given.json)


if __name__ == "__main__":
    main()
