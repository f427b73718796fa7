"""How near the loop is to what RTSP and FFmpeg cost by themselves.

Bare loops, a thread per camera: demultiplexing only; keyframes decoded as well; every picture
decoded; every picture decoded and five a second scaled, with motion. Then the worker's own path
on the same cameras, with its gate asleep, and with the gate off. All over RTSP/TCP from a simulator
on the other half of the cores, the same quiet lane, loop filter skipped and one thread throughout.

Example: python -m benchmarks.limits --cameras 12 --seconds 3
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path

import av
import numpy as np
import structlog
from av.codec.context import ThreadType
from av.video.reformatter import VideoReformatter

from benchmarks import numbers
from benchmarks.accounting import cpu_seconds, pin, two_sides
from benchmarks.ffmpeg_motion import HEIGHT, WIDTH, RunningMean
from benchmarks.fleet import Tally, fleet
from benchmarks.lane import FPS, LEARN_S, Lane, lane, quiet_cameras
from benchmarks.report import Figure, Result, Run, finish, parser
from ingest.gate.config import GateConfig

TARGET_ASLEEP = 1.5
TARGET_AWAKE = 1.3
_WARM_UP_S = 3.0
_SETTLE_S = 20.0
# Asleep is asleep: groups that an audit decodes whole are counted in idle_density.
_UNDISTURBED = GateConfig(audit_every_s=1e6, trial_audit_s=1e6)
_EVERY = 5  # one picture in five is looked at: 5 of 25 a second


class Depth(IntEnum):
    """How much a bare loop does."""

    DEMUX = 0
    KEYFRAMES = 1
    FULL = 2
    MOTION = 3


@contextlib.contextmanager
def bare(urls: Sequence[str], depth: Depth) -> Iterator[list[Tally]]:
    """Run a bare loop per address in threads of this process; gives what counts packets.

    What a loop raises ends it; the packets that are then missing are seen in the rate.
    """
    stop = threading.Event()
    tallies = [Tally() for _ in urls]
    threads = [
        threading.Thread(target=_loop, args=(url, depth, tally, stop))
        for url, tally in zip(urls, tallies, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield tallies
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _loop(url: str, depth: Depth, tally: Tally, stop: threading.Event) -> None:
    scaler, motion, pictures = VideoReformatter(), RunningMean(), 0
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=10.0) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        context.thread_type, context.thread_count = ThreadType.NONE, 1
        context.options = {"skip_loop_filter": "all"}
        for packet in container.demux(stream):
            if stop.is_set():
                return
            tally.packets += 1
            if depth is Depth.DEMUX or (depth is Depth.KEYFRAMES and not packet.is_keyframe):
                continue
            for frame in packet.decode():
                pictures += 1
                if depth is Depth.MOTION and pictures % _EVERY == 0:
                    gray = scaler.reformat(frame, WIDTH, HEIGHT, "gray", threads=1)
                    motion.observe(np.asarray(gray.to_ndarray(), np.uint8))


def measure_bare(
    urls: Sequence[str], depth: Depth, seconds: float, windows: int
) -> list[list[float]]:
    """Return cores and packets a second of each window."""
    with bare(urls, depth) as tallies:
        time.sleep(_WARM_UP_S)
        return numbers.rates(
            lambda: (cpu_seconds([os.getpid()]), float(sum(tally.packets for tally in tallies))),
            seconds=seconds,
            windows=windows,
        )


async def measure_own(
    urls: Sequence[str], seconds: float, windows: int, *, gated: bool
) -> tuple[list[list[float]], float]:
    """Return cores and packets a second of each window, and the share of gates that slept."""
    async with fleet(urls, gated=gated, gate=_UNDISTURBED) as cameras:
        asleep = 0.0
        if gated:
            await asyncio.sleep(LEARN_S)
            asleep = await cameras.asleep(1.0, _SETTLE_S)
        else:
            await asyncio.sleep(_WARM_UP_S)
        found = await asyncio.to_thread(
            numbers.rates,
            lambda: (cpu_seconds([os.getpid()]), float(cameras.packets())),
            seconds=seconds,
            windows=windows,
        )
        if cameras.failures:
            raise cameras.failures[0]
        return found, asleep


def measure(run: Run, clip: Lane, count: int, seconds: float, windows: int) -> Result:
    """Measure the worker's path, gated first: its clip begins with the simulator. Then the rest."""
    servers, mine = two_sides()
    pin(os.getpid(), mine)
    found: dict[str, list[list[float]]] = {}
    with quiet_cameras(clip, count, servers) as urls:
        found["asleep"], asleep = asyncio.run(measure_own(urls, seconds, windows, gated=True))
        for depth in Depth:
            found[depth.name.lower()] = measure_bare(urls, depth, seconds, windows)
        found["awake"], _ = asyncio.run(measure_own(urls, seconds, windows, gated=False))
    middle = {name: numbers.medians(rates) for name, rates in found.items()}
    each = {name: 1e6 * cores / packets for name, (cores, packets) in middle.items()}
    notes = [
        f"{count} cameras, {clip.quiet_mbit_s:.2f} Mbit/s each; one packet is one picture",
        f"{100 * asleep:.0f} % of the gates slept as the windows began; no audits",
    ]
    over = each["asleep"] / each["demux"], each["awake"] / each["full"]
    notes.append(f"asleep over demultiplexing: {over[0]:.2f}; awake over decoding: {over[1]:.2f}")
    for name, (_, packets) in middle.items():
        if packets < 0.98 * FPS * count:
            notes.append(f"{name}: {packets / count:.1f} of {FPS} packets a second: an overload")
    unit = "µs a packet"
    figures = [
        Figure("demultiplexing", each["demux"], unit),
        Figure("+ keyframes", each["keyframes"], unit),
        Figure("own loop asleep", each["asleep"], unit, each["keyframes"], "demux + keyframes"),
        Figure("asleep, ratio", each["asleep"] / each["keyframes"], "times", target=TARGET_ASLEEP),
        Figure("full decoding", each["full"], unit),
        Figure("+ motion", each["motion"], unit),
        Figure("own loop awake", each["awake"], unit, each["motion"], "full + motion"),
        Figure("awake, ratio", each["awake"] / each["motion"], "times", target=TARGET_AWAKE),
    ]
    return run.result(figures, notes, {"us_per_packet": each, "windows": found})


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=2.0)
    options.add_argument("--cameras", type=int, default=12)
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    run = Run("limits")
    with tempfile.TemporaryDirectory() as folder:
        clip = lane(Path(folder))
        finish(measure(run, clip, given.cameras, given.seconds, given.windows), given.json)


if __name__ == "__main__":
    main()
