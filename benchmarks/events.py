"""How long an event takes from its packet's arrival at the worker to a client of the event stream.

A whole hub with demo cameras runs; this process reads ``GET /api/v1/stream`` and takes its own
clock, which is the hub's too, when a message is there. The way is split by the event's own times:
arrival, emitted by the worker, recorded by the api, received here.

Example: python -m benchmarks.events --cameras 12 --seconds 60
"""

from __future__ import annotations

import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from benchmarks import numbers
from benchmarks.report import Figure, Result, Run, finish, parser
from camera_registry.base.clock import iso_to_us
from tests.system.hub import Hub

_STEPS = ("arrived_at", "emitted_at", "recorded_at")
_FEW = 100
ARRIVAL = "FFmpeg gives a picture out when the next begins: arrival is a frame after its last byte"


def split_times(event: dict[str, Any], received_us: int) -> list[float]:
    """Return in ms: the whole way, arrival to emitted, emitted to recorded, recorded to here."""
    arrived, emitted, recorded = (iso_to_us(event[step]) for step in _STEPS)
    marks = (arrived, emitted, recorded, received_us)
    steps = [(b - a) / 1000 for a, b in pairwise(marks)]
    return [(received_us - arrived) / 1000, *steps]


def wait_until_live(hub: Hub, cameras: int, limit_s: float = 120.0) -> None:
    """Wait until every camera is live. Raises RuntimeError."""
    deadline = time.monotonic() + limit_s
    while not hub.all_live(cameras):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not all cameras came live: {hub.states()}")
        time.sleep(0.5)


def listen(hub: Hub, seconds: float, windows: int) -> list[list[list[float]]]:
    """Return the times of every event that comes in ``windows`` windows."""
    found: list[list[list[float]]] = [[] for _ in range(windows)]
    with hub.client() as client, client.stream("GET", "/api/v1/stream", timeout=30) as answer:
        answer.raise_for_status()
        begin = time.monotonic()
        kind = ""
        # states come every few seconds, so the end of the time is seen soon after it
        for line in answer.iter_lines():
            received_us = time.time_ns() // 1000
            window = int((time.monotonic() - begin) / seconds)
            if window >= windows:
                break
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:") and kind == "event":
                found[window].append(split_times(json.loads(line[5:]), received_us))
    return found


def measure(run: Run, cameras: int, seconds: float, windows: int) -> Result:
    """Run the hub and listen."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(Path(folder) / "data", demo=cameras)
        try:
            hub.start()
            wait_until_live(hub, cameras)
            time.sleep(10)  # the pictures before the first keyframe are learnt from
            psutil.cpu_percent()
            found = listen(hub, seconds, windows)
            busy = psutil.cpu_percent()
        finally:
            if hub.process is not None:
                hub.stop()
    every = [event for window in found for event in window]
    if not every:
        raise RuntimeError("no event came: give it more --seconds or --cameras")
    whole, worker, recording, push = (list(column) for column in zip(*every, strict=True))
    figures = []
    for share in (0.5, 0.99):
        part = numbers.percentile(worker, share)
        figures.append(
            Figure(
                f"arrival to SSE p{share * 100:.0f}",
                numbers.percentile(whole, share),
                "ms",
                part,
                "arrival to emitted",
            )
        )
    for name, values in (("emitted to recorded", recording), ("recorded to SSE", push)):
        figures.append(Figure(f"{name} p50", numbers.percentile(values, 0.5), "ms"))
    notes = [
        f"{len(every)} events of {cameras} demo cameras, whole machine {busy:.0f} % busy",
        "peer: the worker's own part of the same events",
        ARRIVAL,
    ]
    if len(every) < _FEW:
        notes.append(f"fewer than {_FEW} events: p99 is the slowest of them, not a percentile")
    return run.result(figures, notes, {"columns_ms": ["whole", *_STEPS], "events": found})


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=60.0)
    options.add_argument("--cameras", type=int, default=12)
    given = options.parse_args()
    run = Run("events")
    finish(measure(run, given.cameras, given.seconds, given.windows), given.json)


if __name__ == "__main__":
    main()
