"""Makes an event of a rule hit and the frame in which it came true, with a bounded snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import structlog
from numpy.typing import NDArray

from analytics.events import Event, EventMessage
from analytics.metrics import EVENTS_BUILT, FRAME_TO_EVENT_SECONDS
from analytics.rules.base import Hit
from camera_registry.base.clock import Clock
from camera_registry.base.ids import new_id

log = structlog.get_logger(__name__)


class Picture(Protocol):
    """A decoded frame as the builder needs it (``ingest.decoder.DecodedFrame``)."""

    @property
    def utc_us(self) -> int:
        """Time of capture."""
        ...

    @property
    def arrival_us(self) -> int:
        """When the frame's last byte came in."""
        ...

    @property
    def width(self) -> int:
        """Pixels of the camera's picture."""
        ...

    @property
    def height(self) -> int:
        """Pixels of the camera's picture."""
        ...

    def bgr(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        """The picture scaled to (height, width, 3)."""
        ...


@dataclass(frozen=True, slots=True)
class SnapshotLimits:
    """``width`` in pixels; a picture that does not fit ``size`` bytes is coded more coarsely."""

    width: int = 960
    size: int = 256 * 1024
    qualities: tuple[int, ...] = (82, 65, 45)
    smallest_width: int = 160


class EventBuilder:
    """Builds the events of one camera; ``model`` tells what looked last."""

    def __init__(
        self,
        *,
        camera_id: str,
        unit_code: str,
        model: Callable[[], str],
        worker: str,
        clock: Clock,
        limits: SnapshotLimits | None = None,
    ) -> None:
        self._camera_id = camera_id
        self._unit_code = unit_code
        self._model = model
        self._worker = worker
        self._clock = clock
        self._limits = limits or SnapshotLimits()

    def build(self, hit: Hit, picture: Picture) -> EventMessage:
        """Return the event with its picture as the camera saw it: the box is data, not paint.

        A hit without a track gives an event with the track id 0 and no label.
        """
        image = snapshot(picture, self._limits) if hit.picture else b""
        track = hit.track
        now_us = self._clock.utc_us()
        event = Event(
            id=new_id(now_us),
            kind=hit.kind,
            camera_id=self._camera_id,
            unit_code=self._unit_code,
            at_us=picture.utc_us,
            arrival_us=picture.arrival_us,
            emitted_us=now_us,
            rule=hit.rule,
            rule_version=hit.rule_version,
            zone=hit.zone,
            track_id=0 if track is None else track.id,
            label="" if track is None else track.label,
            score=1.0 if track is None else round(track.score, 3),
            box=hit.box if track is None else track.box,
            model=self._model(),
            worker=self._worker,
            measured=dict(hit.measured) or None,
        )
        EVENTS_BUILT.labels(hit.kind).inc()
        FRAME_TO_EVENT_SECONDS.observe(max(0.0, (now_us - picture.arrival_us) / 1e6))
        return EventMessage(event, image)


def snapshot(picture: Picture, limits: SnapshotLimits) -> bytes:
    """Code a picture as JPEG within the limits.

    Returns b"" where it fits at no quality or cannot be coded: an event without a picture is worth
    more than none.
    """
    width = min(limits.width, picture.width)
    while width >= min(limits.smallest_width, picture.width):
        height = max(1, round(picture.height * width / picture.width))
        image = picture.bgr(width, height)
        for quality in limits.qualities:
            try:
                done, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            except cv2.error as error:
                log.warning("snapshot_failed", error=str(error).splitlines()[0][:200])
                return b""
            if done and coded.nbytes <= limits.size:
                return coded.tobytes()
        if width == 1:
            break
        width //= 2
    return b""
