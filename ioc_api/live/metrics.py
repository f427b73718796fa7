"""What the gateway counts; ``camhub_live_packets_total`` and ``_bytes_total`` are the worker's."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

VIEWERS = Gauge("camhub_live_viewers", "Tiles and sessions that show a camera", ["kind"])
FEEDS = Gauge("camhub_live_feeds", "Cameras that this gateway takes from the bus")
PACKETS = Counter("camhub_gateway_packets_total", "Access units taken from the bus", ["source"])
REJECTED = Counter("camhub_live_rejected_total", "Bus messages dropped unread", ["reason"])
GAPS = Counter("camhub_live_gaps_total", "Times that packets of a camera went missing")
PRIMES = Counter("camhub_live_primes_total", "Times that a camera's current GOP was asked for")
SKIPPED = Counter(
    "camhub_live_skipped_frames_total", "Frames that a slow viewer did not get", ["kind"]
)
BYTES = Counter("camhub_gateway_video_bytes_total", "Bytes of video sent to viewers", ["kind"])
SOCKETS = Gauge("camhub_live_sockets", "Open WebSockets")
WHEP_SESSIONS = Gauge("camhub_whep_sessions", "Open WHEP sessions")
ARRIVAL_TO_SENT = Histogram(
    "camhub_live_arrival_to_sent_seconds",
    "From the packet's arrival at the worker to its being sent to a viewer; "
    "across machines it holds the difference of their clocks too",
    ["kind"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
