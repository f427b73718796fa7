"""What is written beside a clip: its times, gaps and hashes, for people and programs."""

from __future__ import annotations

from importlib.metadata import version

import av

from camera_registry.base.clock import us_to_iso
from ingest.clips.model import Clip, Cut
from ingest.clips.timeline import Gap


def report(done: Cut) -> dict[str, object]:
    """Return plain values for JSON: times as RFC 3339 in UTC, durations in seconds, files by name.

    The times are those of capture as the hub knows them (see ``ingest.timeline``): a camera's own
    clock is not trusted.
    """
    return {
        "wanted": {"start": us_to_iso(done.from_us), "end": us_to_iso(done.to_us)},
        "complete": done.complete,
        "parts": [_part(clip) for clip in done.clips],
        "gaps": [_gap(gap) for gap in done.gaps],
        "missing": [_gap(gap) for gap in done.missing],
        "tools": {
            "camhub": version("camhub"),
            "pyav": av.__version__,
            "libavformat": ".".join(map(str, av.library_versions["libavformat"])),
        },
    }


def _part(clip: Clip) -> dict[str, object]:
    return {
        "file": clip.path.name,
        "camera": clip.camera_id,
        "start": us_to_iso(clip.start_us),
        "end": us_to_iso(clip.end_us),
        "exact_from": us_to_iso(clip.exact_from_us),
        "duration_s": clip.duration_us / 1_000_000,
        "codec": clip.codec,
        "codec_string": clip.codec_string,
        "width": clip.width,
        "height": clip.height,
        "pictures": clip.packets,
        "size": clip.size,
        "sha256": clip.sha256,
        "remuxed": clip.remuxed,
        "gaps": [_gap(gap) for gap in clip.gaps],
    }


def _gap(gap: Gap) -> dict[str, object]:
    return {
        "start": us_to_iso(gap.start_us),
        "end": us_to_iso(gap.end_us),
        "reason": gap.reason.value,
    }
