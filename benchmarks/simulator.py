"""What one client costs the simulator: CPU of its process, beside GStreamer's RTSP server.

Each of the clients plays a camera of its own, 720p25 over RTSP/TCP, of one clip. Then
gst-rtsp-server plays the same file to as many clients (a pipeline each). The server has one half
of the cores for itself; the clients, which throw everything away, have the other half.

Example: python -m benchmarks.simulator --clients 64 --seconds 8
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import numbers
from benchmarks.accounting import cpu_seconds, pin, two_sides
from benchmarks.clients import drain
from benchmarks.clip import LongClip, long_clip
from benchmarks.report import Figure, Result, Run, finish, parser
from ingest.simulator import CameraConfig, SimulatorConfig
from ingest.simulator.process import simulator_process

TARGET_CORES = 0.5
_WARM_UP_S = 5.0
_GST = Path(__file__).parent.parent / "tests" / "ingest" / "gst_server.py"


@dataclass(frozen=True, slots=True)
class Served:
    """Cores that the server took, and how much of the clip's bit rate each client got."""

    cores: float
    share: float
    windows: list[list[float]]


@contextlib.contextmanager
def simulated(clip: LongClip, count: int, cores: set[int]) -> Iterator[tuple[int, list[str]]]:
    """Run the simulator with ``count`` cameras of one clip on ``cores``; gives pid and URLs.

    Each has a file name of its own, so that it is loaded, and its clock begins, apart from the
    others: cameras in step would let the server send all their pictures in one go.
    """
    cameras = []
    for number in range(count):
        link = clip.path.with_name(f"c{number}.mp4")
        link.unlink(missing_ok=True)
        link.symlink_to(clip.scene)
        cameras.append(CameraConfig(f"c{number}", str(link)))
    config = SimulatorConfig(tuple(cameras), clip.path.parent, session_timeout_s=3600)
    with simulator_process(config) as simulator:
        pin(simulator.pid, cores)
        yield simulator.pid, [simulator.ready.url(camera.name) for camera in cameras]


@contextlib.contextmanager
def gstreamer(clip: LongClip, cores: set[int]) -> Iterator[tuple[int, str] | None]:
    """Run gst-rtsp-server with the clip; gives its pid and URL, or None where it is missing."""
    source = f"filesrc location={clip.path} ! qtdemux ! h264parse"
    config = {"launch": f"( {source} ! rtph264pay name=pay0 pt=96 )"}
    with subprocess.Popen(
        ["/usr/bin/python3", str(_GST), json.dumps(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            if port:
                pin(process.pid, cores)
            yield (process.pid, f"rtsp://127.0.0.1:{port}/stream") if port else None
        finally:
            process.kill()


def _serve(
    pid: int, urls: Sequence[str], clip: LongClip, cores: set[int], seconds: float, windows: int
) -> Served:
    with drain(urls, cores) as clients:
        time.sleep(_WARM_UP_S)

        def read() -> tuple[float, float]:
            return cpu_seconds([pid]), float(clients.received())

        found = numbers.rates(read, seconds=seconds, windows=windows)
    used, received = numbers.medians(found)
    return Served(used, received * 8 / 1e6 / len(urls) / clip.mbit_s, found)


def measure(run: Run, clients: int, seconds: float, windows: int) -> Result:
    """Measure both servers one after the other."""
    mine, others = two_sides()
    notes = []
    peer: Served | None = None
    with tempfile.TemporaryDirectory() as folder:
        clip = long_clip(Path(folder), seconds * windows + _WARM_UP_S + 40)
        with simulated(clip, clients, mine) as (pid, urls):
            own = _serve(pid, urls, clip, others, seconds, windows)
        with gstreamer(clip, mine) as server:
            if server is None:
                notes.append("no peer: GStreamer's RTSP server is not installed")
            else:
                pid, url = server
                peer = _serve(pid, [url] * clients, clip, others, seconds, windows)
    name = "gst-rtsp-server"
    together = peer.cores if peer else None
    each = 100 * peer.cores / clients if peer else None
    figures = [
        Figure(f"CPU of {clients} clients", own.cores, "cores", together, name, TARGET_CORES),
        Figure("CPU of one client", 100 * own.cores / clients, "% of a core", each, name),
    ]
    notes.append(
        f"clip {clip.mbit_s:.2f} Mbit/s; each client got {100 * own.share:.0f} % of it from the "
        "simulator"
        + (f", {100 * peer.share:.0f} % from {name} (headers included)" if peer else "")
        + f"; server on cores {sorted(mine)}, clients on {sorted(others)}"
    )
    details = {"simulator": own.windows, "peer": peer.windows if peer else None}
    return run.result(figures, notes, details | {"columns": ["cores", "bytes/s"]})


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=8.0)
    options.add_argument("--clients", type=int, default=64)
    given = options.parse_args()
    run = Run("simulator")
    finish(measure(run, given.clients, given.seconds, given.windows), given.json)


if __name__ == "__main__":
    main()
