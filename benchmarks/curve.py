"""What more cameras cost, from 1 to 100 quiet ones: is it a straight line?

All cameras come up and fall asleep, then the newest are stopped, step by step, and the CPU of the
worker's path is measured at each step. The line is least squares; the worst deviation is of the
line, as a share of its value there. The picture is written beside the JSON results.

With all counts it takes five minutes, and eight where gates do not sleep: 25 cameras at a
time come up and fall asleep, half a minute each.

Example: python -m benchmarks.curve --counts 1 10 40 --seconds 3
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import structlog

from benchmarks import numbers
from benchmarks.accounting import cpu_seconds, pin, two_sides
from benchmarks.fleet import Fleet
from benchmarks.lane import FPS, Lane, lane, quiet_cameras
from benchmarks.progress import Progress
from benchmarks.report import RESULTS, Figure, Result, Run, finish, parser

COUNTS = (1, 5, 10, 20, 40, 60, 100)
_GROUP = 25  # come up together: all decode until their gates know them
_SLEEP_S = 60.0
_AUDITS_S = 150.0  # the audits of a camera on trial come often at first
_PAUSE_S = 0.5

Point = tuple[float, float]


async def climb(
    clip: Lane,
    counts: Sequence[int],
    servers: set[int],
    seconds: float,
    windows: int,
    say: Progress,
) -> tuple[list[list[list[float]]], list[str]]:
    """Return the windows of each count, (cores, packets a second), and notes; largest first."""
    found, notes = [], []
    cameras = Fleet()
    with contextlib.ExitStack() as simulators:
        try:
            for first in range(0, max(counts), _GROUP):
                size = min(_GROUP, max(counts) - first)
                made = quiet_cameras(clip, size, servers, f"g{first}-")
                for url in simulators.enter_context(made):
                    await cameras.add(url)
                say(f"{len(cameras)} cameras, they fall asleep ({_SLEEP_S:.0f} s at most)")
                # the first ones are in and out of their audits meanwhile
                asleep = await cameras.asleep(0.85, _SLEEP_S)
                notes.append(f"{100 * asleep:.0f} % of {len(cameras)} gates slept")
            say(f"their first audits ({_AUDITS_S:.0f} s at most)")
            settled = await cameras.settled(0.8, _AUDITS_S)
            notes.append(f"{100 * settled:.0f} % have had three audits")
            for count in sorted(counts, reverse=True):
                await cameras.shrink(count)
                await asyncio.sleep(_PAUSE_S)
                before = slept(cameras)
                say(f"{count} cameras: {windows} windows of {seconds:g} s")
                rates = await asyncio.to_thread(
                    numbers.rates,
                    lambda: (cpu_seconds([os.getpid()]), float(cameras.packets())),
                    seconds=seconds,
                    windows=windows,
                )
                found.append(rates)
                packets = numbers.medians(rates)[1]
                notes.append(f"{count} cameras: {before} before, {slept(cameras)} after")
                if packets < 0.98 * FPS * count:
                    notes.append(f"{count} cameras: {packets / count:.1f} packets a second each")
            if cameras.failures:
                raise cameras.failures[0]
        finally:
            await cameras.close()
    return found, notes


def slept(cameras: Fleet) -> str:
    """Say how many gates sleep now, and what the others do."""
    return ", ".join(f"{number} {phase}" for phase, number in sorted(cameras.phases().items()))


def plot(points: Sequence[Point], slope: float, offset: float, path: Path) -> None:
    """Draw points (cameras, cores) and the line as a PNG. Raises OSError if it is not written."""
    width, height, edge = 720, 440, 60
    most_x, most_y = max(x for x, _ in points), 1.1 * max(y for _, y in points)
    picture = np.full((height, width, 3), 255, np.uint8)

    def place(x: float, y: float) -> tuple[int, int]:
        return (
            edge + round((width - 2 * edge) * x / most_x),
            height - edge - round((height - 2 * edge) * y / most_y),
        )

    def write(text: str, at: tuple[int, int], size: float = 0.42) -> None:
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (60, 60, 60), 1, cv2.LINE_AA)

    for part in range(6):
        x, y = most_x * part / 5, most_y * part / 5
        cv2.line(picture, place(0, y), place(most_x, y), (225, 225, 225), 1)
        write(f"{y:.2f}", (10, place(0, y)[1] + 4))
        write(f"{x:.0f}", (place(x, 0)[0] - 8, height - edge + 20))
    cv2.line(picture, place(0, offset), place(most_x, offset + slope * most_x), (190, 120, 40), 2)
    for point in points:
        cv2.circle(picture, place(*point), 5, (40, 40, 200), -1, cv2.LINE_AA)
    write("cores over quiet 720p25 cameras", (edge, 30), 0.6)
    write(f"line: {offset:.4f} + {slope:.5f} per camera", (edge, 50))
    if not cv2.imwrite(str(path), picture):
        raise OSError(f"{path} cannot be written")


def conclude(
    run: Run,
    counts: Sequence[int],
    windows: Sequence[list[list[float]]],
    notes: Sequence[str],
    path: Path,
) -> Result:
    """Fit the line, draw it, and say how far the points are from it."""
    points = [
        (float(count), numbers.medians(rates)[0])
        for count, rates in zip(counts, windows, strict=True)
    ]
    points.sort()
    line = numbers.line(points)
    count, worst = max(
        ((x, y / (line.offset + line.slope * x) - 1) for x, y in points),
        key=lambda deviation: abs(deviation[1]),
    )
    size = max(abs(y - line.offset - line.slope * x) for x, y in points)
    path.parent.mkdir(parents=True, exist_ok=True)
    plot(points, line.slope, line.offset, path)
    most, cores = points[-1]
    figures = [
        Figure("one more camera", 100 * line.slope, "% of a core"),
        Figure("no camera", 100 * line.offset, "% of a core"),
        Figure(f"of {most:.0f} cameras", 100 * cores, "% of a core"),
        Figure("farthest from the line", 100 * size, "% of a core"),
        Figure("R squared", line.fit, ""),
    ]
    said = f"worst deviation from the line: {100 * worst:+.0f} % of it, at {count:.0f} cameras"
    return run.result(
        figures,
        [said, f"picture: {path.name}", *notes],
        {"points": points, "windows": list(windows)},
    )


def main() -> None:
    """Measure, draw, print, write."""
    options = parser(__doc__, seconds=2.0)
    options.set_defaults(windows=2)
    options.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    run, say = Run("curve"), Progress("curve")
    servers, mine = two_sides()
    pin(os.getpid(), mine)
    counts = sorted(set(given.counts), reverse=True)
    with tempfile.TemporaryDirectory() as folder:
        clip = lane(Path(folder))
        windows, notes = asyncio.run(
            climb(clip, counts, servers, given.seconds, given.windows, say)
        )
    picture = given.json.with_suffix(".png") if given.json else RESULTS / "curve.png"
    finish(conclude(run, counts, windows, notes, picture), given.json)


if __name__ == "__main__":
    main()
