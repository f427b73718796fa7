"""A hub in which a test walks every route: one thing of each kind, in unit A and its group."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

import msgspec
import pytest
from fastapi import FastAPI

from analytics.builtin import MANIFEST_PATH, MODEL_PATH
from analytics.events import Event
from analytics.model.manifest import read_manifest
from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.camera_tables import camera_groups
from camera_registry.adapters.passwords_sql import SqlPasswordStore
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import UnavailableError
from camera_registry.base.ids import new_id
from camera_registry.discovery import DiscoveryReport, Interfaces, encode
from camera_registry.edits.change import BulkChange
from camera_registry.health.model import Target
from camera_registry.jobs import JobDesk, JobRunner, Submission, Task
from camera_registry.model import Actor, Camera, Credentials
from camera_registry.passwords.model import ChangeState, Mode
from camera_registry.records import CameraFilter, NewCamera
from camera_registry.scope import Scope
from camera_registry.shared import NewShared
from ioc_api.access.auth import TOKEN_PREFIX, fingerprint, new_secret
from ioc_api.access.credentials import TokenRow
from ioc_api.access.rbac import Action, Grant, Role
from ioc_api.adapters.models_sql import SqlModelStore
from ioc_api.dry_runs.model import RunState
from ioc_api.events.records import NewRecord
from ioc_api.health.maintenance import NewWindow
from ioc_api.live.app import GatewayDeps, create_gateway_app
from ioc_api.live.directory import SpecDirectory
from ioc_api.live.hub import LiveHub
from ioc_api.models.jobs import KIND
from ioc_api.models.records import StoredModel, blob_key
from tests.ioc_api.hub import PASSWORD, UNIT_A, Hub, hub
from tests.ioc_api.samples import event as sample
from tests.waiting import eventually

GROUP_A, GROUP_B = new_id(1), new_id(2)
"""The group of the walk's camera, and one that it is not in."""
NOBODYS = new_id(3)
OF_A = [Grant(Role.OPERATOR, Scope.of([UNIT_A]))]
_STREAMS = itertools.count()


def fresh_url() -> str:
    """An address that no camera has yet."""
    return f"rtsp://10.0.0.8/{next(_STREAMS)}"


@dataclass
class Site:
    hub: Hub
    apps: dict[str, FastAPI]
    directory: SpecDirectory
    bus: NatsBus
    model_job: str = ""
    standing: dict[frozenset[str], dict[str, str]] = field(default_factory=dict)
    """What was made for the parameters of a path and has not been touched since."""

    async def token(self, role: Role | None, scope: Scope | None) -> str:
        secret = TOKEN_PREFIX + new_secret()
        grants = () if role is None or scope is None else (Grant(role, scope),)
        row = TokenRow(new_id(1), "walk", grants, 1)
        await self.hub.credentials.insert_token(row, fingerprint(secret))
        return secret

    async def session(self, account_id: str) -> str:
        """Sign somebody in and return the session's id."""
        authenticator = self.hub.deps.authenticator
        await authenticator.open_session(account_id)
        return (await authenticator.sessions(account_id))[0].id

    async def model(self) -> str:
        """Return the name of an installed model."""
        store = SqlModelStore(self.hub.database)
        if await store.get("walk") is None:
            manifest = msgspec.structs.replace(read_manifest(MANIFEST_PATH), name="walk")
            row = StoredModel(manifest, 1, "added", 0.001, "cpu", 1)
            await store.put(row, replace=True)
            await self.hub.blobs.put(blob_key(manifest.sha256), MODEL_PATH.read_bytes())
        return "walk"

    async def job(self) -> str:
        """Return the id of a job that concerns models, with a picture."""
        if not self.model_job:
            submission = Submission(
                KIND, b"{}", "walk", Action.MODEL_MANAGE, Scope.all(), by_api=True
            )
            self.model_job = (
                await JobDesk(self.bus, self.hub.vault, SystemClock()).submit(submission)
            ).id
            pictures = self.bus.bucket(subjects.JOBS_BUCKET)
            await pictures.put(f"{self.model_job}.jpg", b"\xff\xd8\xff")
        return self.model_job

    async def camera(self, group: str) -> tuple[Camera, Event]:
        """Register a camera of unit A in a group, with an event that has a picture."""
        camera = await self.hub.deps.registry.add(
            NewCamera("n", UNIT_A, fresh_url(), groups=(group,)), Scope.all()
        )
        event = sample(
            id=new_id(1_800_000_000_000_000),
            camera_id=camera.id,
            unit_code=UNIT_A,
            at_us=1_800_000_000_000_000,
        )
        await self.hub.blobs.put("walk.jpg", b"\xff\xd8\xff")
        await self.hub.events.record([NewRecord(event, event.at_us, "walk.jpg")], [])
        return camera, event

    async def objects(self, path: str) -> dict[str, str]:
        """Return the values of a path's parameters: of things in unit A that nobody has touched."""
        wanted = frozenset(name for _, name, _, _ in Formatter().parse(path) if name)
        if wanted not in self.standing:
            self.standing[wanted] = await self.made(wanted)
        return self.standing[wanted]

    async def made(self, wanted: frozenset[str]) -> dict[str, str]:
        """Make what the parameters name, and return their values."""
        made = {"version": "1", "number": "0", "provider": "none", "session": new_id(2)}
        if wanted & {"camera_id", "camera", "event_id", "run_id"}:
            camera, event = await self.camera(GROUP_A)
            await eventually(lambda: self.directory.unit_of(camera.id) == UNIT_A)
            made |= {"camera_id": camera.id, "camera": camera.id, "event_id": event.id}
            if "run_id" in wanted:
                made["run_id"] = self.dry_run(camera.id)
        if wanted & {"user_id", "session_id"}:
            made |= await self.somebody()
        for name, make in (
            ("token_id", self.other_token),
            ("group_id", self.group),
            ("credential_id", self.credential),
            ("change_id", self.password_change),
            ("import_id", self.file),
            ("edit_id", self.edit),
            ("window_id", self.window),
            ("task_id", self.search),
            ("name", self.model),
            ("job_id", self.job),
        ):
            if name in wanted:
                made[name] = await make()
        return made

    def dry_run(self, camera_id: str) -> str:
        run = self.hub.deps.dry_runs.submit(camera_id, b"", "")
        run.picture(0).write_bytes(b"\xff\xd8\xff")
        run.end(RunState.FAILED)
        run.clip.write_bytes(b"mp4")
        return run.id

    async def somebody(self) -> dict[str, str]:
        name = f"u{new_id(SystemClock().utc_us())}"
        account = await self.hub.deps.accounts.create(name, PASSWORD, "", OF_A, Scope.all())
        return {"user_id": account.id, "session_id": await self.session(account.id)}

    async def other_token(self) -> str:
        return (await self.hub.deps.tokens.create("t", OF_A, Scope.all()))[0].id

    async def group(self) -> str:
        name = f"g{new_id(SystemClock().utc_us())}"
        return (await self.hub.deps.groups.create(name, UNIT_A, Scope.all())).id

    async def credential(self) -> str:
        """Make a shared log-in for the group of the walk's camera in unit A."""
        name = f"c{new_id(SystemClock().utc_us())}"
        new = NewShared(name, Credentials("viewer", "four-Loud-geese"), UNIT_A, GROUP_A)
        by = Actor("walk", "walk")
        return (await self.hub.deps.credentials.create(new, Scope.all(), by=by)).id

    async def password_change(self) -> str:
        """Begin to change the password of a camera of the group in unit A."""
        camera, _ = await self.camera(GROUP_A)
        wanted, by = CameraFilter(only=frozenset({camera.id})), Actor("walk", "walk")
        passwords = self.hub.deps.passwords
        change = await passwords.begin(wanted, Mode.VAULT, "five-Loud-geese", Scope.all(), by=by)
        await SqlPasswordStore(self.hub.database).finish(change.id, ChangeState.DONE, 1)
        return change.id

    async def file(self) -> str:
        path = self.hub.directory / "walk.csv"
        path.write_text("name,unit,url\n")
        return (await self.hub.deps.imports.upload(path, "walk.csv", Actor("walk", "walk"))).id

    async def edit(self) -> str:
        by, city = Actor("walk", "walk"), Scope.all()
        edits = self.hub.deps.edits
        ids, change = [NOBODYS], BulkChange(priority=1)
        made = await edits.create(change, CameraFilter(), ids, (city, city), by)
        while (found := await edits.get(made.id, None)).state.at_work:
            await asyncio.sleep(0.01)
        return found.id

    async def window(self) -> str:
        now = SystemClock().utc_us()
        new = NewWindow(Target.UNIT, UNIT_A, now, now + 60_000_000, "walk")
        seen = await self.hub.deps.maintenance.announce(new, Scope.all(), Actor("walk", "walk"))
        return seen.window.id

    async def search(self) -> str:
        wanted = Submission("discovery", b"", "walk", Action.CAMERA_MANAGE, Scope.of([UNIT_A]))
        return (await self.hub.deps.jobs.submit(wanted)).id


@pytest.fixture
async def site(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Site]:
    clock = SystemClock()
    async with hub(tmp_path, bus) as made, LiveHub(bus, clock, "gw") as live:
        for group, name in ((GROUP_A, "walk a"), (GROUP_B, "walk b")):
            row = {"id": group, "name": name, "unit_code": UNIT_A, "created_us": 1}
            async with made.database.write() as connection:
                await connection.execute(camera_groups.insert().values(row))
        # A stopped push answers 503 to whoever may open the stream: an open one would never end.
        await made.deps.push.stop()
        directory = SpecDirectory(bus)
        await directory.start()
        gateway = create_gateway_app(
            GatewayDeps(live, made.deps.authenticator, directory, made.deps.states, clock)
        )
        handlers = {"discovery": nothing_found, "interfaces": no_interfaces, "probe": no_camera}
        runner = JobRunner(bus, clock, made.vault, worker="w", handlers=handlers, slots=4)
        working = asyncio.create_task(runner.run())
        yield Site(made, {"api": made.app, "gateway": gateway}, directory, bus)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await directory.stop()


async def nothing_found(task: Task) -> bytes:
    return encode(DiscoveryReport(()))


async def no_interfaces(task: Task) -> bytes:
    return encode(Interfaces(()))


async def no_camera(task: Task) -> bytes:
    raise UnavailableError("nothing is asked here")
