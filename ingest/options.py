"""What can be tuned in the media half of a worker. One frozen value, built from the settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """Times in seconds, sizes in bytes.

    ``read_slice_s`` is how long one blocking read may take: the session looks at its stop flag and
    at its watchdog that often, so it bounds how long a stop takes.
    """

    open_timeout_s: float = 8.0
    read_slice_s: float = 0.5
    stalled_after_s: float = 5.0
    keyframe_within_s: float = 15.0
    ring_s: float = 12.0
    ring_bytes: int = 24 * 1024 * 1024
    frozen_after_s: float = 10.0
    black_after_s: float = 5.0
    retry_base_s: float = 0.5
    retry_cap_s: float = 30.0
    refused_base_s: float = 15.0
    refused_cap_s: float = 300.0
    healthy_s: float = 10.0
