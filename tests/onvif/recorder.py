"""A recorder for tests: one ONVIF device that shows many video sources."""

from __future__ import annotations

from tests.onvif import messages
from tests.onvif.device import Setup

CHANNELS = ("vs_1", "vs_2", "vs_3", "vs_4")


def url_of(kind: str, source: str) -> str:
    return f"rtsp://127.0.0.1:8554/{source}/{kind}"


def recorder(
    sources: tuple[str, ...] = CHANNELS, *, media: tuple[str, ...] = (messages.TRT,)
) -> Setup:
    """A device with a main and a sub stream for each source; only the second can be moved."""
    urls = {
        messages.token_of(kind, source): url_of(kind, source)
        for source in sources
        for kind in ("main", "sub")
    }
    fixed = frozenset(sources) - {sources[1]}
    return Setup(stream_urls=urls, sources=sources, fixed=fixed, media=media, serial="NVR-9")
