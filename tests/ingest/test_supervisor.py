"""Cameras of a worker on a real bus: specs and leases in, runners and states out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import msgspec
import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.bus import Entry
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ConfigError
from camera_registry.mirror import Mirror
from camera_registry.model import CameraSpec, CameraState, Credentials, State
from ingest.freeze import Verdict
from ingest.gate.state import GateStatus
from ingest.model_status import ModelStatus
from ingest.options import IngestOptions
from ingest.packets import Packet
from ingest.supervisor import CameraSupervisor
from tests.ingest.conftest import Camera
from tests.waiting import eventually


class Eye:
    """An analysis that counts, and says what the test wants said."""

    def __init__(
        self, on_picture: Callable[[Verdict], None], on_failure: Callable[[Exception], None]
    ) -> None:
        self.packets = 0
        self.stopped = False
        self.on_picture = on_picture
        self.on_failure = on_failure
        self.wanted: list[tuple[str, bytes, int]] = []
        self.model = ModelStatus("m@1")

    def push(self, packet: Packet) -> None:
        self.packets += 1

    def stop(self) -> None:
        self.stopped = True

    def gate_status(self) -> GateStatus:
        return GateStatus("asleep", "variable_rate", 0.25, 5.0)

    def use(self, spec: CameraSpec) -> None:
        self.wanted.append((spec.detector, spec.rules, spec.priority))

    def model_status(self) -> ModelStatus:
        return self.model


class Site:
    """A supervisor whose leases the test gives."""

    def __init__(self, bus: NatsBus) -> None:
        self.bus = bus
        self.mirror = Mirror(bus)
        self.eyes: list[Eye] = []
        self.states: dict[str, CameraState] = {}
        self.removed: list[str] = []
        self.cameras = CameraSupervisor(
            bus,
            SystemClock(),
            worker="w",
            options=IngestOptions(open_timeout_s=3.0, stalled_after_s=2.0),
            open_credentials=self._open,
            make_analysis=self._look,
        )
        self.cameras.on_removed = self._removed

    def _look(
        self,
        spec: CameraSpec,
        on_picture: Callable[[Verdict], None],
        on_failure: Callable[[Exception], None],
    ) -> Eye:
        self.eyes.append(Eye(on_picture, on_failure))
        return self.eyes[-1]

    def _open(self, spec: CameraSpec) -> Credentials | None:
        if spec.sealed == b"broken":
            raise ConfigError("Sealed credentials belong to another master key", code="vault_key")
        # what follows a bar stands for the key that it is sealed with
        password = spec.sealed.decode().partition("|")[0]
        return Credentials("camera", password) if spec.sealed else None

    async def _removed(self, camera_id: str) -> None:
        self.removed.append(camera_id)
        await self.cameras.lost(camera_id)

    async def on_state(self, entry: Entry) -> None:
        if entry.value is not None:
            state = msgspec.msgpack.decode(entry.value, type=CameraState)
            self.states[entry.key] = state

    def state(self, camera_id: str = "cam") -> tuple[State, str] | None:
        known = self.states.get(camera_id)
        return (known.state, known.reason_code) if known else None


@pytest.fixture
async def site(bus: NatsBus) -> AsyncIterator[Site]:
    made = Site(bus)
    watch = await bus.bucket(subjects.STATES_BUCKET).watch(made.on_state)
    await made.cameras.start()
    running = asyncio.create_task(made.cameras.run())
    yield made
    await made.cameras.stop()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await watch.stop()


def spec_for(camera: Camera, sealed: bytes = b"s3cret") -> CameraSpec:
    return CameraSpec("cam", "Street", "26734", camera.url, 1, "tcp", sealed)


async def begin(site: Site, spec: CameraSpec, generation: int = 7) -> None:
    """Bring a spec and give its lease, as the registry and the keeper do."""
    await site.mirror.put(spec)
    await eventually(lambda: site.cameras.taken(spec.id, generation))


async def test_a_lease_makes_a_camera_live_and_its_loss_ends_it(site: Site, camera: Camera) -> None:
    assert not await site.cameras.taken("cam", 1)  # no spec yet: the lease goes back
    await begin(site, spec_for(camera))
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    told = site.states["cam"]
    assert (told.gate, told.gate_reason, told.duty) == ("asleep", "variable_rate", 0.25)
    assert told.analysis_fps == 5.0
    assert site.states["cam"].generation == 7
    assert site.states["cam"].worker == "w"
    await eventually(lambda: site.eyes[0].packets > 10)
    await site.cameras.lost("cam")
    assert site.eyes[0].stopped
    packets = site.eyes[0].packets
    updated = site.states["cam"].updated_us
    await asyncio.sleep(1)
    assert site.eyes[0].packets == packets
    assert site.states["cam"].updated_us <= updated + 200_000


async def test_a_changed_spec_starts_the_camera_anew(site: Site, camera: Camera) -> None:
    wrong = spec_for(camera, b"wrong")
    await begin(site, wrong)
    await eventually(lambda: site.state() is not None and site.state()[0] == State.AUTH_FAILED)  # type: ignore[index] # checked before
    await site.mirror.put(replace(wrong, sealed=b"s3cret", version=2))
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    assert len(site.eyes) == 2
    assert site.eyes[0].stopped


async def test_how_it_is_looked_at_and_called_leaves_session_ring_and_analysis_alone(
    site: Site, camera: Camera
) -> None:
    spec = spec_for(camera)
    await begin(site, spec)
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    (eye,) = site.eyes
    wanted = []
    for version, change in enumerate(
        (
            {"detector": "other"},
            {"name": "renamed"},
            {"groups": ("g",)},
            {"priority": 7},
            {"rules": b'{"rules": []}'},
        ),
        2,
    ):
        spec = replace(spec, version=version, **change)  # type: ignore[arg-type]
        wanted.append((spec.detector, spec.rules, spec.priority))
        await site.mirror.put(spec)
        await eventually(lambda: eye.wanted == wanted)
    before = eye.packets
    await eventually(lambda: eye.packets > before)
    assert not eye.stopped
    await site.mirror.put(replace(spec, version=9, gate="off"))
    await eventually(lambda: len(site.eyes) == 2)  # anything else begins the camera anew


async def test_live_camera_without_a_model_says_why(site: Site, camera: Camera) -> None:
    await begin(site, spec_for(camera))
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    assert site.states["cam"].model == "m@1"
    site.eyes[0].model = ModelStatus("m@1", "model_missing", "there is no model x")
    await eventually(lambda: site.states["cam"].model_code == "model_missing")
    assert site.state() == (State.LIVE, "live")  # the old one looks on
    site.eyes[0].model = ModelStatus("", "model_missing", "there is no model x")
    await eventually(lambda: site.state() == (State.LIVE, "model_missing"))
    assert site.states["cam"].reason == "there is no model x"


async def test_a_removed_camera_is_let_go(site: Site, camera: Camera) -> None:
    await begin(site, spec_for(camera))
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    await site.mirror.withdraw("cam")
    await eventually(lambda: site.eyes[0].stopped)
    assert site.removed == ["cam"]


async def test_credentials_that_cannot_be_opened_are_the_cameras_state(
    site: Site, camera: Camera
) -> None:
    await begin(site, spec_for(camera, b"broken"))
    await eventually(lambda: site.state() == (State.ERROR, "vault_key"))
    assert "master key" in site.states["cam"].reason
    assert site.eyes == []


async def test_credentials_under_another_key_do_not_end_a_session(
    site: Site, camera: Camera
) -> None:
    await begin(site, spec_for(camera))
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    await site.mirror.put(spec_for(camera, b"s3cret|new key"))
    await eventually(lambda: site.cameras._cameras["cam"].spec.sealed == b"s3cret|new key")
    assert [eye.stopped for eye in site.eyes] == [False]
    await site.mirror.put(spec_for(camera, b"wrong|new key"))
    await eventually(lambda: site.state() == (State.AUTH_FAILED, "auth_failed"))
    assert site.eyes[0].stopped


async def test_the_picture_watch_has_the_last_word_on_a_live_camera(
    site: Site, camera: Camera
) -> None:
    await begin(site, spec_for(camera))
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    site.eyes[0].on_picture(Verdict.FROZEN)
    await eventually(lambda: site.state() == (State.FROZEN, "picture_frozen"))
    site.eyes[0].on_picture(Verdict.GOOD)
    await eventually(lambda: site.state() == (State.LIVE, "live"))


async def test_an_analysis_that_failed_is_started_anew(
    site: Site, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.supervisor._RESTART_AFTER_S", 0.2)
    await begin(site, spec_for(camera))
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    site.eyes[0].on_failure(RuntimeError("unforeseen"))
    await eventually(lambda: len(site.eyes) == 2 and site.eyes[1].packets > 0)
    assert site.eyes[0].stopped


async def test_a_newer_lease_of_a_camera_that_runs_does_not_interrupt_it(
    site: Site, camera: Camera
) -> None:
    await begin(site, spec_for(camera))
    await eventually(lambda: site.state() == (State.LIVE, "live"))
    assert await site.cameras.taken("cam", 9)
    await eventually(lambda: site.states["cam"].generation == 9)
    assert len(site.eyes) == 1
