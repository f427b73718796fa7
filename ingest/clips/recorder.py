"""Records the next seconds of a camera: a session into a ring, and the ring into a clip."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import InvalidError
from camera_registry.base.tasks import Backoff
from ingest.clips.cut import cut
from ingest.clips.model import ClipLimits, Cut, Progress
from ingest.open_errors import OpenError
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.ring import GopRing
from ingest.session import CameraSession, Source

log = structlog.get_logger(__name__)

_GRACE_S = 2.0
_LOOK_S = 0.5


class ClipRecorder:
    """Pulls one camera for a while and keeps what it sends.

    The session has a thread of its own and writes into a ring; the caller's thread follows the ring
    and writes the file. So a slow disk never holds up the camera, and memory is bounded by the
    ring: what it dropped meanwhile is a gap in the clip. A camera that goes away is opened again
    until the time is over. Setting ``stop``, from any thread, ends the recording there; what was
    recorded is kept.
    """

    def __init__(
        self, source: Source, *, clock: Clock, options: IngestOptions, stop: threading.Event
    ) -> None:
        self._source = source
        self._clock = clock
        self._options = options
        self._stop = stop
        self._over = threading.Event()
        self._ring = GopRing(options.ring_s, options.ring_bytes)
        self._news = threading.Condition()
        self._failure: BaseException | None = None

    def record(
        self,
        seconds: float,
        path: Path,
        *,
        camera_id: str = "",
        limits: ClipLimits | None = None,
        progress: Callable[[Progress], None] | None = None,
        overwrite: bool = False,
    ) -> Cut:
        """Record ``seconds`` from the camera's first keyframe on; see ``cut`` for the rest.

        Raises OpenError where the camera cannot be opened at all, or gives no keyframe.
        """
        limits = limits or ClipLimits()
        if not 0 < seconds <= limits.max_s:
            raise InvalidError(f"a clip takes more than 0 and at most {limits.max_s:.0f} s")
        thread = threading.Thread(target=self._pull, name="clip-camera", daemon=True)
        thread.start()
        try:
            packets = self._follow(seconds)
            first = next(packets, None)
            if first is None:
                raise self._failure or OpenError(
                    "the recording was stopped before the first picture", code="stopped"
                )
            return cut(
                itertools.chain((first,), packets),
                first.utc_us,
                first.utc_us + round(seconds * 1_000_000),
                path,
                camera_id=camera_id,
                limits=limits,
                progress=progress,
                overwrite=overwrite,
            )
        finally:
            self._over.set()
            thread.join(self._options.stop_grace_s)

    def _follow(self, seconds: float) -> Iterator[Packet]:
        """Yield the ring's packets as they come, until the time is over or nothing will come."""
        last = (0, -1)
        until: float | None = None
        while not self._stop.is_set():
            late = until is not None and self._clock.monotonic() >= until
            with self._news:
                fresh = self._ring.after(*last)
                if not fresh:
                    if late or self._failure is not None:
                        return
                    self._news.wait(_LOOK_S)
                    continue
            if until is None:
                until = self._clock.monotonic() + seconds + _GRACE_S
            last = (fresh[-1].epoch, fresh[-1].seq)
            yield from fresh
            if late:
                return

    def _take(self, packet: Packet) -> None:
        self._ring.push(packet)
        with self._news:
            self._news.notify_all()

    def _pull(self) -> None:
        backoff = Backoff(self._options.retry_base_s, self._options.retry_cap_s)
        started = False
        while not self._over.is_set():
            session = CameraSession(
                self._source,
                self._take,
                clock=self._clock,
                options=self._options,
                stop=self._over,
            )
            try:
                session.run_once()
            except OpenError as error:
                started = started or bool(self._ring.snapshot())
                if not started:
                    self._fail(error)
                    return
                log.warning("clip_camera_failed", code=error.code)
                self._over.wait(backoff.next_delay())
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for us
                self._fail(error)
                return

    def _fail(self, error: BaseException) -> None:
        with self._news:
            self._failure = error
            self._news.notify_all()
