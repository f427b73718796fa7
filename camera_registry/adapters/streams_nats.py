"""Streams, consumers and buckets that have to exist; ensured by every role, the same everywhere."""

from __future__ import annotations

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    KeyValueConfig,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import BadRequestError, NotFoundError

from camera_registry import subjects
from camera_registry.jobs.model import QUEUED_AGE_S, RECORD_AGE_S

LEASE_ACK_WAIT_S = 6.0
"""A worker that has not reported for this long has lost its cameras."""

_EVENT_AGE_S = 7 * 86_400
_EVENT_BYTES = 2 * 1024**3
_COUNT_BYTES = 256 * 1024**2
_DUPLICATE_WINDOW_S = 600
_JOB_ACK_WAIT_S = 8.0
_MAX_JOBS = 1000
_JOB_BYTES = 64 * 1024**2
_GATE_MEMORY_AGE_S = 90 * 86_400.0
"""A camera that nobody has run for so long teaches its gate anew; removed ones are forgotten."""
_JOB_RECORD_BYTES = 512 * 1024**2


_JOB_STREAMS = (
    (subjects.JOBS_STREAM, subjects.job("*")),
    (subjects.API_JOBS_STREAM, subjects.api_job("*")),
)
_JOB_CONSUMERS = (
    (subjects.JOBS_STREAM, subjects.JOBS_DURABLE),
    (subjects.API_JOBS_STREAM, subjects.API_JOBS_DURABLE),
)


def _streams(replicas: int) -> list[StreamConfig]:
    return [
        StreamConfig(
            name=subjects.LEASES_STREAM,
            subjects=[subjects.lease("*")],
            retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.OLD,
            max_msgs_per_subject=1,
            storage=StorageType.FILE,
            num_replicas=replicas,
        ),
        StreamConfig(
            name=subjects.EVENTS_STREAM,
            subjects=[subjects.event("*", "*", "*")],
            retention=RetentionPolicy.LIMITS,
            # a full stream refuses the newest, which its worker keeps on disk and sends again;
            # discarding the oldest would lose what nobody has recorded yet
            discard=DiscardPolicy.NEW,
            max_age=_EVENT_AGE_S,
            max_bytes=_EVENT_BYTES,
            duplicate_window=_DUPLICATE_WINDOW_S,
            storage=StorageType.FILE,
            num_replicas=replicas,
        ),
        StreamConfig(
            name=subjects.COUNTS_STREAM,
            subjects=[subjects.count("*")],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.NEW,
            max_age=_EVENT_AGE_S,
            max_bytes=_COUNT_BYTES,
            duplicate_window=_DUPLICATE_WINDOW_S,
            storage=StorageType.FILE,
            num_replicas=replicas,
        ),
        StreamConfig(
            name=subjects.HEALTH_STREAM,
            subjects=[subjects.health("*")],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            max_age=_EVENT_AGE_S,
            max_bytes=_COUNT_BYTES,
            duplicate_window=_DUPLICATE_WINDOW_S,
            storage=StorageType.FILE,
            num_replicas=replicas,
        ),
        *(_jobs(name, subject, replicas) for name, subject in _JOB_STREAMS),
    ]


def _jobs(name: str, subject: str, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=name,
        subjects=[subject],
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        max_age=QUEUED_AGE_S,
        max_msgs=_MAX_JOBS,
        max_bytes=_JOB_BYTES,
        # with their records: who asked does so again after the server was restarted
        storage=StorageType.MEMORY,
        num_replicas=replicas,
    )


def _consumers() -> list[tuple[str, ConsumerConfig]]:
    return [
        (
            subjects.LEASES_STREAM,
            ConsumerConfig(
                durable_name=subjects.LEASES_DURABLE,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=LEASE_ACK_WAIT_S,
                max_ack_pending=-1,
                max_deliver=-1,
            ),
        ),
        (subjects.EVENTS_STREAM, _recorder(subjects.EVENTS_RECORDER)),
        (subjects.COUNTS_STREAM, _recorder(subjects.COUNTS_RECORDER)),
        (subjects.HEALTH_STREAM, _recorder(subjects.HEALTH_RECORDER)),
        *((stream, _job_consumer(durable)) for stream, durable in _JOB_CONSUMERS),
    ]


def _recorder(durable: str) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=durable,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=30,
        max_ack_pending=1000,
        max_deliver=-1,
    )


def _job_consumer(durable: str) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=durable,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=_JOB_ACK_WAIT_S,
        max_ack_pending=-1,
        max_deliver=-1,
    )


async def ensure_streams(js: JetStreamContext, replicas: int) -> None:
    """Make the streams and durable consumers, or bring present ones to this configuration."""
    for config in _streams(replicas):
        try:
            await js.add_stream(config)
        except BadRequestError:
            await js.update_stream(config)
    for stream, consumer in _consumers():
        await js.add_consumer(stream, consumer)


async def ensure_buckets(js: JetStreamContext, replicas: int) -> None:
    """Make the buckets that are missing.

    States live in memory: every worker reports again within seconds, and a write to disk for each
    report of each camera would be most of what the server writes.
    """
    for config in (
        KeyValueConfig(subjects.SPECS_BUCKET, storage=StorageType.FILE),
        KeyValueConfig(subjects.STATES_BUCKET, storage=StorageType.MEMORY),
        KeyValueConfig(subjects.GATES_BUCKET, storage=StorageType.FILE, ttl=_GATE_MEMORY_AGE_S),
        KeyValueConfig(subjects.MODELS_BUCKET, storage=StorageType.FILE),
        KeyValueConfig(
            subjects.JOBS_BUCKET,
            storage=StorageType.MEMORY,
            ttl=RECORD_AGE_S,
            max_bytes=_JOB_RECORD_BYTES,
        ),
    ):
        try:
            await js.key_value(config.bucket)
        except NotFoundError:
            config.replicas = replicas
            await js.create_key_value(config)
