"""Cuts clips out of a camera's packets: MP4 files that hold the camera's own coded pictures.

A clip begins with the keyframe at or before the wished start and ends with a picture at or after
the wished end. Where pictures are missing, the times stay true: the picture before a gap stands
until the one after it, and the gap is noted. A file has one format, so a change of codec, size or
parameter sets begins another part, and so does a clock that was set back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from camera_registry.base.errors import InvalidError
from ingest.clips.cutter import Cutter
from ingest.clips.files import Places
from ingest.clips.model import ClipCancelledError, ClipLimits, Cut, Progress
from ingest.packets import Packet
from ingest.ring import GopRing

_REPORT_EVERY = 50


def cut(
    source: GopRing | Iterable[Packet],
    from_us: int,
    to_us: int,
    path: Path,
    *,
    camera_id: str = "",
    limits: ClipLimits | None = None,
    cancel: threading.Event | None = None,
    progress: Callable[[Progress], None] | None = None,
    overwrite: bool = False,
) -> Cut:
    """Write the pictures from ``from_us`` to ``to_us`` (UTC µs) to ``path``; blocks, so use a
    thread.

    ``source`` is a ring or packets in the order in which they came, of which no more are read than
    needed. Further parts are called ``name-2.mp4`` and so on. Files come to their places whole and
    all at the end, readable by their owner alone; whatever goes wrong, nothing is left behind.

    Raises NotFoundError where there is no picture for that time, ConflictError where a file exists,
    ClipCancelledError, InvalidError and StorageError.
    """
    limits = limits or ClipLimits()
    if to_us < from_us or to_us - from_us > limits.max_s * 1_000_000:
        raise InvalidError(
            f"a clip ends after it begins and takes at most {limits.max_s:.0f} s",
            code="clip_interval",
        )
    place = Places(path, overwrite)
    place.check(1)
    packets: Iterable[Packet] = source.since(from_us) if isinstance(source, GopRing) else source
    cutter = Cutter(from_us, to_us, place, camera_id, limits)
    try:
        for packet in _from_keyframe(packets, from_us, limits.max_lead_bytes):
            if cancel is not None and cancel.is_set():
                raise ClipCancelledError("the cutting of the clip was cancelled", code="cancelled")
            if not cutter.take(packet):
                break
            if progress is not None and cutter.packets % _REPORT_EVERY == 0:
                progress(cutter.progress)
        return cutter.finish()
    except BaseException:
        cutter.abandon()
        raise


def _from_keyframe(packets: Iterable[Packet], from_us: int, max_bytes: int) -> Iterator[Packet]:
    """Leave out what comes before the last keyframe at or before ``from_us``."""
    lead: list[Packet] = []
    size = 0
    remaining = iter(packets)
    for packet in remaining:
        if packet.keyframe and (packet.utc_us <= from_us or not lead):
            lead, size = [packet], len(packet.data)
        elif lead:
            lead.append(packet)
            size += len(packet.data)
        if size > max_bytes:
            lead, size = [], 0
        if lead and packet.dts_us > from_us:
            yield from lead
            lead = []
            yield from remaining
    if any(packet.utc_us >= from_us for packet in lead):
        yield from lead
