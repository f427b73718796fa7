"""What can be tuned in the media half of a worker. One frozen value, built from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def anywhere(_: str) -> bool:
    """Permit every address."""
    return True


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """Times in seconds, sizes in bytes. ``permits`` says of a camera's IP address whether a worker
    may connect to it.

    ``without_keyframe_s``: a connection is opened anew, which brings a keyframe, where nothing more
    can be decoded or held before the next one and the last one came that long ago.

    ``stop_grace_s`` is how long a stop waits for a session's thread. A session looks at its stop
    flag with every packet; one that waits for a silent camera is left to its own time limit.
    """

    open_timeout_s: float = 8.0
    stop_grace_s: float = 1.0
    stalled_after_s: float = 5.0
    keyframe_within_s: float = 15.0
    without_keyframe_s: float = 60.0
    ring_s: float = 12.0
    ring_bytes: int = 24 * 1024 * 1024
    frozen_after_s: float = 10.0
    black_after_s: float = 5.0
    retry_base_s: float = 0.5
    retry_cap_s: float = 30.0
    refused_base_s: float = 15.0
    refused_cap_s: float = 300.0
    healthy_s: float = 10.0
    permits: Callable[[str], bool] = anywhere
