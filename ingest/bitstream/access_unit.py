"""One coded picture as it came from a camera, before it has its place in time."""

from __future__ import annotations

from typing import NamedTuple

from ingest.packets import StreamInfo


class AccessUnit(NamedTuple):
    """One coded picture. Times are on the camera's clock in microseconds, or unknown."""

    data: bytes
    keyframe: bool
    pts_us: int | None
    dts_us: int | None
    info: StreamInfo
