"""The bus's copy of the registry: one spec and one lease message per enabled camera.

The database is the truth. A change is written there first and brought to the bus after; whatever
did not get there (no connection, a crash in between, an emptied bus) is mended by ``reconcile``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from camera_registry import subjects
from camera_registry.base.bus import Bus, Entry
from camera_registry.model import Camera, CameraSpec

log = structlog.get_logger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(CameraSpec)


Stamp = tuple[int, bytes]
"""Version of a spec and digest of its sealed credentials, since a rotation of the master key makes
no new version. Small: an api holds one for every enabled camera of the city."""
Read = Callable[[Sequence[str]], Awaitable[Sequence[CameraSpec]]]
"""Reads the specs of some cameras from the database; one that is not enabled any more is left out.
"""
_UNREADABLE: Stamp = (0, b"")
_READ_AT_ONCE = 250


def stamp_of(version: int, sealed: bytes) -> Stamp:
    """Return what tells whether a spec on the bus is the present one."""
    return version, hashlib.blake2b(sealed, digest_size=8).digest() if sealed else b""


@dataclass(slots=True)
class Present:
    """What is on the bus: the stamp of each spec, cameras that have a state, those with a lease."""

    specs: dict[str, Stamp] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    leased: set[str] = field(default_factory=set)


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

    async def present(self) -> Present:
        """Read everything that is on the bus: a message for each camera."""
        found = Present(leased=await self.leased())

        async def on_spec(entry: Entry) -> None:
            if entry.value is None:
                found.specs.pop(entry.key, None)
                return
            try:
                spec = decode_spec(entry.value)
                found.specs[entry.key] = stamp_of(spec.version, spec.sealed)
            except msgspec.MsgspecError:
                found.specs[entry.key] = _UNREADABLE

        async def on_state(entry: Entry) -> None:
            if entry.value is not None:
                found.states.add(entry.key)

        for bucket, handler in ((self._specs, on_spec), (self._states, on_state)):
            watch = await bucket.watch(handler)
            await watch.stop()
        return found

    async def mend(self, wanted: Mapping[str, Stamp], found: Present, read: Read) -> int:
        """Make the bus equal to ``wanted``, given what was on it before; count the repairs.

        ``found`` is kept true, repair by repair. A lease that exists is left alone: appending it
        again would steal the camera from its worker. What must be read first is the bus, then the
        database: the other way round, a camera added in between would be taken for a leftover.
        """
        repairs = 0
        for camera_id in (found.specs.keys() | found.states | found.leased) - wanted.keys():
            await self.withdraw(camera_id)
            found.specs.pop(camera_id, None)
            found.states.discard(camera_id)
            found.leased.discard(camera_id)
            repairs += 1
        other = [each for each, stamp in wanted.items() if found.specs.get(each) != stamp]
        for first in range(0, len(other), _READ_AT_ONCE):
            for spec in await read(other[first : first + _READ_AT_ONCE]):
                await self.put(spec)
                found.specs[spec.id] = stamp_of(spec.version, spec.sealed)
                repairs += 1
        if (wanted.keys() & found.specs.keys()) - found.leased:
            # Looked at again just before: another api process may have offered them meanwhile.
            found.leased |= await self.leased()
        for camera_id in sorted((wanted.keys() & found.specs.keys()) - found.leased):
            await self.offer(camera_id)
            found.leased.add(camera_id)
            repairs += 1
        return repairs
