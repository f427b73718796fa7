"""Quiet cameras per core: a worker's whole path beside one decoding ffmpeg per camera.

Cameras of an empty lane (720p25, variable rate) come over RTSP/TCP from a simulator on the other
half of the cores. On this half run session, ring, gate and pipeline in one process; then one ffmpeg
per camera that decodes all and pipes 5 grey pictures a second to a Python motion detector. Cameras
per core are the cameras over the cores that they took. The gates have nothing to learn from but
that lane, and are measured once they sleep and the first audits are over; where they do not sleep,
that is what is measured. All of it for each kind of lane; the keys tell the worst.
Then lanes where somebody passes now and then are analysed gated and ungated, to see that no event
is lost and how late one comes.

Each lane takes three to four minutes: half a minute until the gates sleep, up to 150 s until most
of them have had their first audits, then the windows of both. The lanes of
the events take a minute or two. ``--lanes`` and ``--rounds 0`` run parts of it.

Example: python -m benchmarks.idle_density --lanes fine --rounds 0
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from benchmarks import numbers
from benchmarks.accounting import cpu_seconds, pin, two_sides
from benchmarks.ffmpeg_motion import FPS, detecting
from benchmarks.fleet import decoded, fleet
from benchmarks.lane import COARSE, FINE, Lane, lane, quiet_cameras
from benchmarks.machine import version_of
from benchmarks.progress import Progress
from benchmarks.recall import Recall, compare
from benchmarks.report import Figure, Result, Run, finish, parser
from ingest.gate.config import GateConfig
from ingest.gate.heartbeat import HeartbeatConfig

TARGET_CAMERAS = 120
TARGET_RATIO = 5.0
TARGET_RECALL = 0.99
TARGET_DELAY_S = 0.5
_LANES = {"fine": FINE, "coarse": COARSE}
_WARM_UP_S = 5.0
_SLEEP_S = 60.0
_AUDITS_S = 150.0  # the audits of a camera on trial come often at first


@dataclass(frozen=True, slots=True)
class Density:
    """Cameras per core, pictures a second that came from each, and notes on how it was."""

    per_core: float
    fps: float
    windows: list[list[float]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """A clip, and what it took of ours and of the peer."""

    clip: Lane
    ours: Density
    theirs: Density | None

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's; None without a peer."""
        return self.ours.per_core / self.theirs.per_core if self.theirs else None


async def own(
    urls: Sequence[str], seconds: float, windows: int, heartbeat_s: float, say: Progress
) -> Density:
    """Run the cameras as a worker does and measure once their gates sleep."""
    gate = GateConfig(heartbeat=HeartbeatConfig(longest_s=heartbeat_s))
    async with fleet(urls, gate=gate) as cameras:
        say(f"{len(urls)} cameras come up and fall asleep ({_SLEEP_S:.0f} s at most)")
        began = await cameras.asleep(0.9, _SLEEP_S)
        say(f"{100 * began:.0f} % sleep; their first audits ({_AUDITS_S:.0f} s at most)")
        settled = await cameras.settled(0.8, _AUDITS_S)
        say(f"{100 * settled:.0f} % have had them; {windows} windows of {seconds:g} s")
        before, pictures = cameras.phases(), decoded()

        def read() -> tuple[float, float]:
            return cpu_seconds([os.getpid()]), float(cameras.packets())

        found = await asyncio.to_thread(numbers.rates, read, seconds=seconds, windows=windows)
        pictures = (decoded() - pictures) / (seconds * windows * len(urls))
        said = (
            f"{100 * began:.0f} % of the gates slept at first, {100 * settled:.0f} % had three "
            f"audits; {_phases(before)} as the windows "
            f"began, {_phases(cameras.phases())} as they ended; {pictures:.2f} pictures a second "
            "decoded per camera"
        )
        if cameras.failures:
            raise cameras.failures[0]
    cores, packets = numbers.medians(found)
    return Density(len(urls) / cores, packets / len(urls), found, (said,))


def _phases(phases: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items()))


def peer(urls: Sequence[str], cores: set[int], seconds: float, windows: int) -> Density:
    """Run an ffmpeg and a motion detector per camera."""
    with detecting(urls, cores) as (pids, detectors):
        time.sleep(_WARM_UP_S)

        def read() -> tuple[float, float]:
            used = cpu_seconds([*pids, os.getpid()])
            return used, float(sum(motion.looks for motion in detectors))

        found = numbers.rates(read, seconds=seconds, windows=windows)
    used, looks = numbers.medians(found)
    return Density(len(urls) / used, looks / len(urls), found)


def densities(clip: Lane, given: argparse.Namespace, say: Progress) -> Compared:
    """Measure both on this process's half of the cores."""
    servers, mine = two_sides()
    pin(os.getpid(), mine)
    seconds, windows, theirs = given.seconds, given.windows, None
    with quiet_cameras(clip, given.cameras, servers) as urls:
        ours = asyncio.run(own(urls, seconds, windows, given.heartbeat, say))
        if shutil.which("ffmpeg"):
            say(f"the peer: {given.peers} times ffmpeg, {windows} windows of {seconds:g} s")
            theirs = peer(urls[: given.peers], mine, seconds, windows)
    return Compared(clip, ours, theirs)


def judge(run: Run, cameras: int, compared: Sequence[Compared], recall: Recall | None) -> Result:
    """Put figures, notes and the keys that are asked for together."""
    figures: list[Figure] = []
    notes: list[str] = []
    for one in compared:
        kind, ours, theirs = one.clip.kind, one.ours, one.theirs
        figures.append(
            Figure(
                f"cameras per core, {kind.name}",
                ours.per_core,
                "cameras",
                theirs.per_core if theirs else None,
                "ffmpeg + motion",
                TARGET_CAMERAS,
                higher=True,
            )
        )
        if one.ratio is not None:
            name = f"over the peer, {kind.name}"
            figures.append(Figure(name, one.ratio, "times", target=TARGET_RATIO, higher=True))
        notes += [f"{kind.name}: {note}" for note in ours.notes]
        notes.append(
            f"{kind.name}: {cameras} cameras, {one.clip.quiet_mbit_s:.2f} Mbit/s each, noise "
            f"{kind.noise:g} grey levels"
        )
        if theirs and theirs.fps < 0.95 * FPS:
            notes.append(f"the peer was overloaded: {theirs.fps:.1f} looks a second, not {FPS}")
        if ours.fps < 24.5:
            notes.append(f"only {ours.fps:.1f} of 25 packets a second came: an overload")
    delay_s = None
    if recall is not None:
        delay_s = numbers.percentile(recall.added_s, 0.95) if recall.added_s else 0.0
        figures += [
            Figure("events told", recall.share, "of all", target=TARGET_RECALL, higher=True),
            Figure("added delay p95", delay_s, "s", target=TARGET_DELAY_S),
        ]
        notes.append(
            f"recall: {recall.found} of {recall.events} events, {recall.extra} that only the gated "
            f"run told; the gates slept {100 * recall.asleep:.0f} % of the time"
        )
    peered = compared[0].theirs is not None
    notes.append(
        version_of(["ffmpeg", "-version"]) if peered else "no peer: ffmpeg is not installed"
    )
    ratios = [one.ratio for one in compared if one.ratio is not None]
    keys = {
        "cameras_per_core": min(one.ours.per_core for one in compared),
        "ratio_to_peer": min(ratios, default=None),
        "event_recall": recall.share if recall else None,
        "added_delay_p95_s": delay_s,
    }
    details = {
        "added_delays_s": list(recall.added_s) if recall else [],
        "own": {one.clip.kind.name: one.ours.windows for one in compared},
        "peer": {one.clip.kind.name: one.theirs.windows for one in compared if one.theirs},
    }
    return run.result(figures, notes, details, keys)


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=5.0)
    options.add_argument("--cameras", type=int, default=50)
    options.add_argument("--peers", type=int, default=8, help="cameras of the peer")
    options.add_argument(
        "--heartbeat",
        type=float,
        default=0.0,
        help="seconds between looks at an empty scene; 0, as in a hub: every keyframe",
    )
    options.add_argument("--lanes", nargs="+", choices=_LANES, default=list(_LANES))
    options.add_argument("--seeds", type=int, default=3, help="lanes of the gated and ungated run")
    options.add_argument("--rounds", type=int, default=20, help="passers-by in each; 0: none")
    given = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    run, say = Run("idle_density"), Progress("idle_density")
    with tempfile.TemporaryDirectory() as folder:
        compared = []
        for name in given.lanes:
            say(f"the lane {_LANES[name].name}")
            compared.append(densities(lane(Path(folder), _LANES[name]), given, say))
    recall = compare(range(1, given.seeds + 1), given.rounds, say) if given.rounds else None
    finish(judge(run, given.cameras, compared, recall), given.json)


if __name__ == "__main__":
    main()
