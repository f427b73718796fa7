"""A media profile as a device describes it, whichever of its services was asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaProfile:
    """0 and an empty text mean not known; ``ptz`` and ``audio`` say what is configured.

    ``source`` is the token of the video source.
    """

    token: str
    name: str
    codec: str
    width: int
    height: int
    fps: float
    bitrate_kbps: int
    gop_frames: int
    ptz: bool
    audio: bool
    source: str
