"""All cameras that somebody looks at through this gateway."""

from __future__ import annotations

import asyncio
import re
from types import TracebackType

import structlog

from camera_registry.base.bus import Bus
from camera_registry.base.clock import Clock
from camera_registry.base.errors import InvalidError
from camera_registry.base.ids import is_id
from ioc_api.live import metrics
from ioc_api.live.feed import CameraFeed, HubLimits, Sink

log = structlog.get_logger(__name__)


class Watch:
    """A viewer's hold on a camera; :meth:`close` lets go."""

    def __init__(self, hub: LiveHub, feed: CameraFeed, sink: Sink, kind: str) -> None:
        self.feed = feed
        self._hub = hub
        self._sink = sink
        self._kind = kind
        self._closed = False

    def close(self) -> None:
        """End it; no packet reaches the sink after this."""
        if self._closed:
            return
        self._closed = True
        metrics.VIEWERS.labels(self._kind).dec()
        self._hub.release(self.feed, self._sink)


class LiveHub:
    """One feed per camera, shared by all viewers, ended ``linger_s`` after the last one left.

    ``name`` is this gateway's own on the bus. Use it as an async context manager.
    """

    def __init__(self, bus: Bus, clock: Clock, name: str, limits: HubLimits | None = None) -> None:
        self._bus = bus
        self._clock = clock
        # It becomes a token of a subject, and a host's name may hold dots.
        self._name = re.sub(r"[^A-Za-z0-9_-]", "-", name)
        self._limits = limits or HubLimits()
        self._feeds: dict[str, CameraFeed] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self.healthy = True
        """False after a failure that nobody foresaw; the process had better be started anew."""

    async def __aenter__(self) -> LiveHub:
        self._bus.on_reconnect(self._reconnected)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for timer in self._lingering.values():
            timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def cameras(self) -> frozenset[str]:
        """Cameras that are taken from the bus now."""
        return frozenset(self._feeds)

    def watch(self, camera_id: str, sink: Sink, kind: str) -> Watch:
        """Give a camera's packets to ``sink``, at once those of the buffered GOP.

        Whether the viewer may see it is settled before. ``kind`` is the metric's word. Raises
        InvalidError where ``camera_id`` is no id: it becomes part of a subject.
        """
        if not is_id(camera_id):
            raise InvalidError("that is no camera id", code="bad_camera_id")
        if timer := self._lingering.pop(camera_id, None):
            timer.cancel()
        feed = self._feeds.get(camera_id) or self._start(camera_id)
        metrics.VIEWERS.labels(kind).inc()
        feed.attach(sink)
        return Watch(self, feed, sink, kind)

    def release(self, feed: CameraFeed, sink: Sink) -> None:
        """Take a sink off its feed; called by :class:`Watch`."""
        feed.detach(sink)
        if not feed.sinks and self._feeds.get(feed.camera_id) is feed:
            loop = asyncio.get_running_loop()
            self._lingering[feed.camera_id] = loop.call_later(
                self._limits.linger_s, self._end, feed.camera_id
            )

    def _start(self, camera_id: str) -> CameraFeed:
        feed = CameraFeed(camera_id, self._name, self._bus, self._clock, self._limits)
        self._feeds[camera_id] = feed
        task = asyncio.create_task(feed.run(), name=f"feed-{camera_id}")
        self._tasks[camera_id] = task
        task.add_done_callback(lambda done: self._ended(camera_id, done))
        metrics.FEEDS.inc()
        log.info("feed_started", camera=camera_id)
        return feed

    def _end(self, camera_id: str) -> None:
        self._lingering.pop(camera_id, None)
        self._feeds.pop(camera_id, None)
        self._tasks[camera_id].cancel()

    def _ended(self, camera_id: str, task: asyncio.Task[None]) -> None:
        metrics.FEEDS.dec()
        if self._tasks.get(camera_id) is task:
            del self._tasks[camera_id]
        if task.cancelled():
            log.info("feed_ended", camera=camera_id)
            return
        self.healthy = False
        log.critical("feed_failed", camera=camera_id, exc_info=task.exception())

    async def _reconnected(self) -> None:
        for feed in self._feeds.values():
            feed.ask_prime()
