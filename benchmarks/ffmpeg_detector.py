"""The peer of ``busy_density``: an ffmpeg for each camera, and the detector in Python behind it.

ffmpeg decodes everything, makes five pictures a second of the size that the model takes, and writes
them to a pipe; a thread for each camera reads them and calls the detector under test. There is no
tracker, no rule and no ring behind it, and its planes are those that the model wants: what it costs
is the least that such a design costs.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.detector import CameraDetector, Detector, Look
from benchmarks.accounting import pin

FPS = 5
_ASPECT = 16 / 9


@dataclass(frozen=True, slots=True)
class PipeFormat:
    """What comes through the pipe: ``gbrp`` for a model of colours, ``gray`` for the built-in."""

    width: int
    height: int
    pixels: str

    @property
    def planes(self) -> int:
        """Bytes of a pixel."""
        return 3 if self.pixels == "gbrp" else 1


@dataclass(frozen=True, slots=True)
class PipedPicture:
    """A picture that has the model's size already; ``planes`` are green, blue, red."""

    planes: NDArray[np.uint8]

    @property
    def width(self) -> int:
        """Pixels as they came, which with a stretched picture is all that is wanted."""
        return int(self.planes.shape[2])

    @property
    def height(self) -> int:
        """Pixels as they came."""
        return int(self.planes.shape[1])

    def rgb_planes(self, width: int, height: int) -> tuple[NDArray[np.uint8], ...]:
        """Return red, green, blue. Raises ValueError where another size is asked for."""
        if (width, height) != (self.width, self.height):
            raise ValueError(f"the pipe has {self.width}x{self.height}, not {width}x{height}")
        green, blue, red = self.planes
        return red, green, blue


class Reader:
    """Reads one camera's pipe and detects, until the pipe ends; ``looks`` counts pictures."""

    def __init__(self, pipe: IO[bytes], form: PipeFormat, camera: CameraDetector) -> None:
        self.looks = 0
        self._pipe = pipe
        self._form = form
        self._camera = camera
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the pipe."""
        self._thread.join()

    def _work(self) -> None:
        form = self._form
        size = form.width * form.height * form.planes
        while len(data := self._pipe.read(size)) == size:
            planes = np.frombuffer(data, np.uint8).reshape(form.planes, form.height, form.width)
            picture = PipedPicture(planes) if form.planes == 3 else None
            self._camera.detect(Look(planes[0], time.time_ns() // 1000, _ASPECT, picture))
            self.looks += 1


def command(url: str, form: PipeFormat) -> list[str]:
    """Return the ffmpeg of one camera, with one thread: more cost more on a busy core."""
    chain = f"fps={FPS},scale={form.width}:{form.height}:flags=bilinear,format={form.pixels}"
    return [
        *("ffmpeg", "-nostdin", "-loglevel", "error", "-threads", "1", "-rtsp_transport", "tcp"),
        *("-i", url, "-an", "-vf", chain, "-filter_threads", "1", "-f", "rawvideo", "pipe:1"),
    ]


@contextlib.contextmanager
def piped(
    urls: Sequence[str], detector: Detector, form: PipeFormat, cores: set[int]
) -> Iterator[tuple[list[int], list[Reader]]]:
    """Run an ffmpeg on ``cores`` and a reader per address; gives the pids and the readers."""
    running: list[subprocess.Popen[bytes]] = []
    readers: list[Reader] = []
    try:
        for url in urls:
            process = subprocess.Popen(command(url, form), stdout=subprocess.PIPE)
            running.append(process)
            pin(process.pid, cores)
            assert process.stdout is not None
            readers.append(Reader(process.stdout, form, detector.camera()))
        yield [process.pid for process in running], readers
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
        for reader in readers:
            reader.join()
        for process in running:
            if process.stdout is not None:
                process.stdout.close()
