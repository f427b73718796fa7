"""Names on the bus, in one place, and the streams that exist."""

from __future__ import annotations

LEASES_STREAM = "LEASES"
LEASES_DURABLE = "workers"
EVENTS_STREAM = "EVENTS"
EVENTS_RECORDER = "recorder"
COUNTS_STREAM = "COUNTS"
COUNTS_RECORDER = "counts"
HEALTH_STREAM = "HEALTH"
HEALTH_RECORDER = "health"
JOBS_STREAM = "JOBS"
JOBS_DURABLE = "workers"
API_JOBS_STREAM = "API_JOBS"
API_JOBS_DURABLE = "apis"
JOBS_BUCKET = "jobs"
SPECS_BUCKET = "camera_specs"
STATES_BUCKET = "camera_states"
GATES_BUCKET = "gate_memories"
MODELS_BUCKET = "models"
MODEL_FILES = "model_files"
DEFAULT_MODEL = "_default"
"""Key in the bucket of models that no model can have: the name of the default one."""

EVENT_RECORDED = "recorded"
"""Core notice after the recorder wrote events: a wake-up for SSE, its body is empty."""

JOB_CANCELLED = "jobs.cancelled"
"""Core notice of a job that somebody has called off: its id."""

WORKER_LOAD = "worker.load"
"""Core notice of a worker every two seconds: ``b"<worker> <cameras held>"``."""


def lease(camera_id: str) -> str:
    """Subject of a camera's one lease message."""
    return f"lease.camera.{camera_id}"


def claim(camera_id: str) -> str:
    """Core notice of a worker that has taken a camera: ``b"<worker> <generation>"``."""
    return f"claim.{camera_id}"


def demand(camera_id: str) -> str:
    """Core subject on which a gateway says that it wants a camera's packets."""
    return f"demand.{camera_id}"


def live(camera_id: str) -> str:
    """Core subject of a camera's packets, published only while there is demand."""
    return f"live.{camera_id}"


def still(camera_id: str) -> str:
    """Core subject on which a camera's worker answers with its newest keyframe as a JPEG."""
    return f"still.{camera_id}"


def clip(camera_id: str) -> str:
    """Core subject on which a camera's worker takes orders for a clip from its ring."""
    return f"clip.{camera_id}"


def event(unit_code: str, camera_id: str, kind: str) -> str:
    """Stream subject of an event."""
    return f"event.{unit_code}.{camera_id}.{kind}"


def count(camera_id: str) -> str:
    """Stream subject of what the rules of a camera have counted."""
    return f"count.{camera_id}"


def health(camera_id: str) -> str:
    """Stream subject of the changes of a camera's state."""
    return f"health.{camera_id}"


def job(kind: str) -> str:
    """Stream subject of the orders of one kind of job."""
    return f"job.{kind}"


def job_news(job_id: str) -> str:
    """Core notice that the record of a job has changed: a wake-up, its body is empty."""
    return f"jobs.news.{job_id}"


def api_job(kind: str) -> str:
    """Stream subject of the orders of one kind of job that an api does, not a worker."""
    return f"apijob.{kind}"


def ptz(camera_id: str) -> str:
    """Core subject of what a camera's worker is to do with its motors; it answers each message."""
    return f"ptz.{camera_id}"
