"""The bus's copy of the registry: one spec and one lease message per enabled camera.

The database is the truth. A change is written there first and brought to the bus after; whatever
did not get there (no connection, a crash in between, an emptied bus) is mended by ``reconcile``.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry
from camera_registry.model import Camera, CameraSpec

log = structlog.get_logger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(CameraSpec)


Stamp = tuple[int, bytes]
"""Version and sealed credentials of a spec: a rotation of the master key makes no new version."""
_UNREADABLE: Stamp = (0, b"")


def _stamp(spec: CameraSpec) -> Stamp:
    return spec.version, spec.sealed


def encode_spec(spec: CameraSpec) -> bytes:
    """Write a spec as it stands in the bucket ``camera_specs``."""
    return _encode(spec)


def decode_spec(data: bytes) -> CameraSpec:
    """Read a spec. Raises msgspec.DecodeError where it is none."""
    return _decoder.decode(data)


def spec_of(camera: Camera, sealed: bytes, rules: str = "", sealed_for: str = "") -> CameraSpec:
    """Return what a worker needs of a camera; ``sealed_for`` is empty for a log-in of its own."""
    return CameraSpec(
        camera.id,
        camera.name,
        camera.unit_code,
        camera.url,
        camera.version,
        camera.transport,
        sealed,
        rules.encode(),
        camera.gate,
        camera.priority,
        camera.detector,
        camera.groups,
        sealed_for,
    )


class Mirror:
    """Writes specs and leases. Every method raises UnavailableError without a connection."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._specs = bus.bucket(subjects.SPECS_BUCKET)
        self._states = bus.bucket(subjects.STATES_BUCKET)

    async def put(self, spec: CameraSpec) -> None:
        """Bring a new or changed spec; the worker that holds the camera takes it up by itself."""
        await self._specs.put(spec.id, encode_spec(spec))

    async def offer(self, camera_id: str) -> None:
        """Append the lease message: some worker will take the camera.

        The stream keeps one message per subject, so this takes the camera from its present holder.
        """
        await self._bus.append(subjects.lease(camera_id), camera_id.encode())

    async def withdraw(self, camera_id: str) -> None:
        """Take a camera off the bus: no worker runs it any more."""
        await self._bus.purge(subjects.LEASES_STREAM, subjects.lease(camera_id))
        await self._specs.delete(camera_id)
        await self._states.delete(camera_id)

    async def leased(self) -> set[str]:
        """Return the ids of the cameras that have a lease message."""
        prefix = subjects.lease("")
        present = await self._bus.subjects(subjects.LEASES_STREAM)
        return {subject.removeprefix(prefix) for subject in present}

    async def present(self) -> tuple[dict[str, Stamp], set[str]]:
        """Return the stamp of each spec, and the cameras that have a state."""
        specs: dict[str, Stamp] = {}
        states: set[str] = set()

        async def on_spec(entry: Entry) -> None:
            if entry.value is None:
                specs.pop(entry.key, None)
                return
            try:
                specs[entry.key] = _stamp(decode_spec(entry.value))
            except msgspec.MsgspecError:
                specs[entry.key] = _UNREADABLE

        async def on_state(entry: Entry) -> None:
            if entry.value is not None:
                states.add(entry.key)

        for bucket, handler in ((self._specs, on_spec), (self._states, on_state)):
            watch = await bucket.watch(handler)
            await watch.stop()
        return specs, states

    async def mend(
        self,
        wanted: Iterable[CameraSpec],
        specs: dict[str, Stamp],
        states: set[str],
        leased: set[str],
    ) -> int:
        """Make the bus equal to ``wanted``, given what was found on it before; count the repairs.

        A lease that exists is left alone: appending it again would steal the camera from its
        worker. What must be read first is the bus, then the database: the other way round, a camera
        added in between would be taken for a leftover.
        """
        by_id = {spec.id: spec for spec in wanted}
        repairs = 0
        for camera_id in (specs.keys() | states | leased) - by_id.keys():
            await self.withdraw(camera_id)
            repairs += 1
        for spec in by_id.values():
            if specs.get(spec.id) != _stamp(spec):
                await self.put(spec)
                repairs += 1
        missing = by_id.keys() - leased
        if missing:
            # Looked at again just before: another api process may have offered them meanwhile.
            missing -= await self.leased()
        for camera_id in sorted(missing):
            await self.offer(camera_id)
            repairs += 1
        return repairs
