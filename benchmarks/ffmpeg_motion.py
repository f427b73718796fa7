"""The peer of idle density: an ffmpeg per camera that decodes all, and a motion detector on it.

That is what the nearest neighbour does: five grey pictures a second at detection size come through
a pipe, and Python compares each with a running mean. The detectors run in threads of this process,
which is cheaper than the process per camera that is usual.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import IO

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.accounting import pin

WIDTH, HEIGHT, FPS = 320, 180, 5
_THRESHOLD = 25
_KERNEL = np.ones((3, 3), np.uint8)


class RunningMean:
    """Motion as boxes around what differs from a running mean of blurred pictures."""

    def __init__(self) -> None:
        self._mean: NDArray[np.float32] | None = None
        self.looks = 0

    def observe(self, plane: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
        """Take the next picture (height, width) and return boxes (x, y, w, h) in pixels."""
        self.looks += 1
        blurred = np.asarray(cv2.GaussianBlur(plane, (3, 3), 0), np.float32)
        if self._mean is None:
            self._mean = blurred
            return []
        delta = cv2.convertScaleAbs(cv2.absdiff(blurred, self._mean))
        cv2.accumulateWeighted(blurred, self._mean, 0.05)
        changed = cv2.threshold(delta, _THRESHOLD, 255, cv2.THRESH_BINARY)[1]
        changed = cv2.dilate(changed, _KERNEL)
        found, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes = (cv2.boundingRect(contour) for contour in found if cv2.contourArea(contour) >= 30)
        return [(x, y, w, h) for x, y, w, h in boxes]


def _read(pipe: IO[bytes], motion: RunningMean) -> None:
    size = WIDTH * HEIGHT
    while len(data := pipe.read(size)) == size:
        motion.observe(np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH))


def command(url: str) -> list[str]:
    """Return the ffmpeg of one camera."""
    chosen = ["ffmpeg", "-nostdin", "-loglevel", "error", "-threads", "1"]
    picture = f"fps={FPS},scale={WIDTH}:{HEIGHT}:flags=fast_bilinear,format=gray"
    output = ["-an", "-vf", picture, "-filter_threads", "1", "-f", "rawvideo", "pipe:1"]
    return [*chosen, "-rtsp_transport", "tcp", "-i", url, *output]


@contextlib.contextmanager
def detecting(
    urls: Sequence[str], cores: set[int]
) -> Iterator[tuple[list[int], list[RunningMean]]]:
    """Run an ffmpeg on ``cores`` and a detector per address; gives the pids and the detectors."""
    running: list[subprocess.Popen[bytes]] = []
    threads: list[threading.Thread] = []
    detectors = [RunningMean() for _ in urls]
    try:
        for url, motion in zip(urls, detectors, strict=True):
            process = subprocess.Popen(command(url), stdout=subprocess.PIPE)
            running.append(process)
            pin(process.pid, cores)
            assert process.stdout is not None
            thread = threading.Thread(target=_read, args=(process.stdout, motion), daemon=True)
            thread.start()
            threads.append(thread)
        yield [process.pid for process in running], detectors
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
        for thread in threads:
            thread.join()
        for process in running:
            if process.stdout is not None:
                process.stdout.close()
