"""The process of one dry run: an order on standard input, lines of JSON on standard output.

Started by ``ioc_api.dry_runs.process``. It reads a stranger's file, so it first takes from itself
what it does not need.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from analytics.detectors.detector import Detector, MovingObjectDetector
from analytics.detectors.object_detector import LoadLimits, ObjectDetector
from analytics.dry_run import DryRun, DryRunLimits, DryRunProgress, dry_run, plain
from analytics.event_builder import SnapshotLimits, snapshot
from analytics.model.manifest import read_manifest, read_onnx, verify
from analytics.model.providers import choose_providers
from analytics.pipeline import PipelineConfig
from analytics.rulebook.book import Rulebook
from analytics.rulebook.document import decode_rules
from analytics.rules.base import Outcome
from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import CamhubError
from ingest.decoder import DecodedFrame
from ingest.recording import read_packets
from ioc_api.hosting import logs

_PICTURE = SnapshotLimits(width=640, size=96 * 1024)
_MEMORY = 3 * 2**30
_FILE = 4 * 2**20
_NICE = 10


class ChildOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do. ``model`` is a directory with ``manifest.json`` and ``model.onnx``, empty for the
    built-in detector.
    """

    clip: str
    rules: str
    start_us: int
    pictures: str
    most_pictures: int
    most_s: float
    cpu_s: int
    analysis_fps: float
    providers: tuple[str, ...]
    detector_limit_ms: float
    model: str = ""


def main() -> None:
    """Do one order."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=ChildOrder)
    _limit(order.cpu_s)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logs.configure("warning", "json", "dry-run")
    try:
        _work(order)
    except CamhubError as error:
        _say(type="error", code=error.code, message=error.message, hint=error.hint)


def _work(order: ChildOrder) -> None:
    rulebook = decode_rules(order.rules.encode())
    clip = Path(order.clip)
    _say(type="length", seconds=_length(clip, order.most_s))
    pictures = _Pictures(Path(order.pictures), order.most_pictures)
    result = dry_run(
        read_packets(clip, order.start_us),
        rulebook,
        _detector(order),
        PipelineConfig(analysis_fps=order.analysis_fps),
        limits=DryRunLimits(seconds=order.most_s),
        progress=_tell,
        on_hits=pictures.take,
    )
    _say(type="done", result=_whole(result, rulebook, pictures))


def _whole(result: DryRun, rulebook: Rulebook, pictures: _Pictures) -> dict[str, Any]:
    whole = plain(result, rulebook)
    for number, event in enumerate(whole["events"]):
        event["picture"] = pictures.of(number)
    return whole | {
        "from": us_to_iso(result.seen_us[0]) if result.frames else None,
        "to": us_to_iso(result.seen_us[1]) if result.frames else None,
    }


class _Pictures:
    """Writes the picture of each frame in which something was told, once, and so many at most."""

    def __init__(self, directory: Path, most: int) -> None:
        self._directory = directory
        self._most = most
        self._hits = 0
        self._of: dict[int, int] = {}

    def take(self, frame: DecodedFrame, outcome: Outcome) -> None:
        """Take a frame with what the rules said of it."""
        wanted = [self._hits + index for index, hit in enumerate(outcome.hits) if hit.picture]
        self._hits += len(outcome.hits)
        if not wanted or len(set(self._of.values())) >= self._most:
            return
        jpeg = snapshot(frame, _PICTURE)
        if jpeg:
            (self._directory / f"{wanted[0]}.jpg").write_bytes(jpeg)
            self._of |= dict.fromkeys(wanted, wanted[0])

    def of(self, hit: int) -> int | None:
        """Return the number of the picture of a hit."""
        return self._of.get(hit)


def _detector(order: ChildOrder) -> Detector:
    providers = choose_providers(order.providers)
    if not order.model:
        return MovingObjectDetector(providers=providers)
    place = Path(order.model)
    model = verify(read_manifest(place / "manifest.json"), read_onnx(place / "model.onnx"))
    return ObjectDetector(model, providers, LoadLimits(order.detector_limit_ms / 1000))


def _length(clip: Path, most_s: float) -> float:
    """Seconds of a clip, found by reading its packets without decoding them."""
    last_us = 0
    for packet in read_packets(clip, 0):
        last_us = max(last_us, packet.utc_us)
        if last_us > most_s * 1e6:
            break
    return min(most_s, last_us / 1e6)


def _tell(progress: DryRunProgress) -> None:
    _say(type="progress", seconds=progress.seconds, frames=progress.frames, hits=progress.hits)


def _say(**message: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def _limit(cpu_s: int) -> None:
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE, _FILE))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))


def _end_with_parent() -> None:
    # not through the buffered reader: its lock would be held while the interpreter shuts down
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
