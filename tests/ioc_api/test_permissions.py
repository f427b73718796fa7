"""Every route × role × scope, from the OpenAPI documents of the api and of the gateway.

A route that declares no permission fails here, and so does a new route for which this test knows
no object and no body: whoever adds a route says below how to call it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from analytics.builtin import MANIFEST_PATH, MODEL_PATH
from analytics.events import Box, Event
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
from ioc_api.access.guard import DECLARATION, PUBLIC, SIGNED_IN
from ioc_api.access.rbac import ROLE_ACTIONS, Action, Grant, Role
from ioc_api.adapters.models_sql import SqlModelStore
from ioc_api.dry_runs.model import RunState
from ioc_api.events.records import NewRecord
from ioc_api.health.maintenance import NewWindow
from ioc_api.live.app import GatewayDeps, create_gateway_app
from ioc_api.live.directory import SpecDirectory
from ioc_api.live.hub import LiveHub
from ioc_api.models.jobs import KIND
from ioc_api.models.records import StoredModel, blob_key
from tests.ioc_api.hub import PASSWORD, UNIT_A, UNIT_B, Hub, hub
from tests.waiting import eventually

METHODS = ("get", "post", "put", "patch", "delete", "options", "head")
GROUP_A, GROUP_B = new_id(1), new_id(2)
"""The group of the walk's camera, and one that it is not in."""
NOBODYS = new_id(3)
SCOPES = {
    "city": Scope.all(),
    "own unit": Scope.of([UNIT_A]),
    "other unit": Scope.of([UNIT_B]),
    "own group": Scope.of(["*"], [GROUP_A]),
    "own group in own unit": Scope.of([UNIT_A], [GROUP_A, GROUP_B]),
    "own group in other unit": Scope.of([UNIT_B], [GROUP_A]),
    "other group": Scope.of(["*"], [GROUP_B]),
    "none": None,
}
OF_CAMERA = ("{camera", "{event_id}", "{credential_id}", "{change_id}")
"""Paths with these are about the camera: who has rights in its group may go there."""
OF_A = [Grant(Role.OPERATOR, Scope.of([UNIT_A]))]
GRANT_A = {"role": "operator", "units": [UNIT_A]}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/setup"): {"token": "x", "username": "root", "password": PASSWORD},
    ("post", "/api/v1/session"): {"username": "nobody", "password": "wrong"},
    ("post", "/api/v1/cameras"): {"name": "n", "unit_code": UNIT_A, "url": "rtsp://10.0.0.7/"},
    ("patch", "/api/v1/cameras/{camera_id}"): {"name": "m"},
    ("post", "/api/v1/camera-groups"): {"name": "g", "unit_code": UNIT_A},
    ("patch", "/api/v1/camera-groups/{group_id}"): {"name": "h"},
    ("post", "/api/v1/credentials"): {
        "name": "",
        "unit_code": UNIT_A,
        "username": "viewer",
        "password": "four-Loud-geese",
    },
    ("patch", "/api/v1/credentials/{credential_id}"): {"password": "five-Loud-geese"},
    ("post", "/api/v1/password-changes"): {
        "mode": "vault",
        "password": "five-Loud-geese",
        "cameras": [NOBODYS],
    },
    ("post", "/api/v1/password-changes/preview"): {"cameras": [NOBODYS]},
    ("post", "/api/v1/cameras/{camera_id}/ptz"): {"action": "stop"},
    ("post", "/api/v1/probe"): {"url": "rtsp://10.0.0.7/"},
    ("post", "/api/v1/cameras/{camera_id}/facts"): {"job": "none"},
    ("post", "/api/v1/discovery"): {"network": "10.0.0.0/30"},
    ("post", "/api/v1/jobs/{task_id}/camera"): {"unit_code": UNIT_A},
    ("put", "/api/v1/cameras/{camera_id}/rules"): {"version": 0, "document": {"rules": []}},
    ("post", "/api/v1/cameras/{camera_id}/dry-runs"): {
        "document": {"rules": []},
        "source": "upload",
    },
    ("put", "/api/v1/cameras/{camera_id}/dry-runs/{run_id}/clip"): {"a": "file of any kind"},
    ("patch", "/api/v1/users/{user_id}"): {"display_name": "m"},
    ("post", "/api/v1/account/password"): {"current": "x", "password": PASSWORD},
    ("post", "/api/v1/account/totp/confirm"): {"code": "000000"},
    ("post", "/api/v1/account/totp/remove"): {"code": "000000"},
    ("post", "/api/v1/account/recovery-codes"): {"code": "000000"},
    ("post", "/api/v1/users"): {"username": "", "password": PASSWORD, "grants": [GRANT_A]},
    ("put", "/api/v1/model-default"): {"name": None},
    ("post", "/api/v1/models"): {"manifest": {}, "upload": "x"},
    ("post", "/api/v1/model-uploads"): {"a": "file of any kind"},
    ("post", "/api/v1/models/{name}/test"): {"a": "file of any kind"},
    ("post", "/api/v1/tokens"): {"name": "t", "grants": [GRANT_A]},
    ("post", "/api/v1/imports"): {"a": "file of any kind"},
    ("post", "/api/v1/imports/{import_id}/check"): {"mapping": {"0": "name"}},
    ("post", "/api/v1/imports/{import_id}/apply"): {"mode": "good_rows"},
    ("post", "/api/v1/camera-edits"): {"change": {"priority": 1}, "ids": [NOBODYS]},
    ("post", "/api/v1/maintenance"): {
        "target": "unit",
        "target_id": UNIT_A,
        "begins": "2027-01-01T00:00:00Z",
        "ends": "2027-01-02T00:00:00Z",
        "reason": "walk",
    },
}
OWN = ("/api/v1/imports/{import_id}", "/api/v1/camera-edits/{edit_id}")
"""What lies under these is seen by who made it and by who manages the whole city."""
HUB_WIDE = "/api/v1/model"
"""What lies under this serves the whole city: who manages models in a part of it changes none."""
CHOOSES = {"/api/v1/password-changes", "/api/v1/password-changes/preview"}
"""POST to these is for cameras that are named, and the walk names none that there is."""
MAKES_IN_A = {
    "/api/v1/cameras",
    "/api/v1/camera-groups",
    "/api/v1/credentials",
    "/api/v1/users",
    "/api/v1/tokens",
    "/api/v1/maintenance",
}
"""POST to these makes something in unit A: with rights in another unit only, it is refused."""


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
            NewCamera("n", UNIT_A, "rtsp://10.0.0.8/", groups=(group,)), Scope.all()
        )
        event = Event(
            id=new_id(1_800_000_000_000_000),
            kind="zone_enter",
            camera_id=camera.id,
            unit_code=UNIT_A,
            at_us=1_800_000_000_000_000,
            arrival_us=1_800_000_000_000_000,
            emitted_us=1_800_000_000_000_000,
            rule="r",
            rule_version=1,
            zone="z",
            track_id=1,
            label="moving",
            score=0.5,
            box=Box(0, 0, 1, 1),
            model="m",
            worker="w",
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


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


async def test_every_route_is_in_the_document_and_declares_its_permission(site: Site) -> None:
    known = {PUBLIC, SIGNED_IN, *(action.value for action in Action)}
    for name, app in site.apps.items():
        found = operations(app)
        assert len(found) >= 4, name
        for method, path, operation in found:
            assert operation.get(DECLARATION) in known, f"{method} {path} declares no permission"
        documented = {(method.upper(), path) for method, path, _ in found}
        for route in app.routes:
            for each in iter_route_contexts([route]):
                if isinstance(each.original_route, APIRoute) and each.include_in_schema:
                    for method in each.methods or ():
                        assert (method, each.path_format) in documented


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_every_route_for_every_role_and_scope(site: Site) -> None:
    walked = 0
    for role in (*Role, None):
        for where, scope in SCOPES.items():
            token = await site.token(role, scope)
            for name, app in site.apps.items():
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                    for method, path, operation in operations(app):
                        answer = await call(site, client, method, path, operation, token)
                        wanted = operation[DECLARATION]
                        case = f"{name} {method} {path} as {role} in {where}: {answer.text[:200]}"
                        check(answer.status_code, path, method, wanted, role, scope, case)
                        walked += 1
    assert walked >= 6 * 4 * 20


async def test_without_a_credential_only_public_routes_answer(site: Site) -> None:
    for app in site.apps.values():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            for method, path, operation in operations(app):
                for token in ("", "chb_wrong", "wrong"):
                    answer = await call(site, client, method, path, operation, token)
                    refused = answer.status_code == 401
                    login = (method, path) == ("post", "/api/v1/session")
                    assert refused == (operation[DECLARATION] != PUBLIC or login), path


async def call(
    site: Site,
    client: httpx.AsyncClient,
    method: str,
    path: str,
    operation: dict[str, Any],
    token: str,
) -> httpx.Response:
    body = BODIES.get((method, path))
    offer = path.startswith("/live/whep")
    known = body is not None or offer or "requestBody" not in operation
    assert known, f"no body known for {method} {path}"
    if path == "/api/v1/models/{name}/install":
        path = "/api/v1/models/yolox-nano/install"
    if "{" in path:
        path = path.format(**await site.objects(path))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None and "username" in body and body["username"] == "":
        body = body | {"username": f"w{new_id(1)}"}
    if body is not None and body.get("name") == "":
        body = body | {"name": f"w{new_id(SystemClock().utc_us())}"}
    if offer:
        headers["Content-Type"] = "application/sdp"
        return await client.request(method, path, headers=headers, content=b"v=0\r\n")
    answer = await client.request(method, path, headers=headers, json=body)
    if method not in ("get", "head", "options") and answer.is_success:
        site.standing.clear()
    return answer


def check(
    status: int,
    path: str,
    method: str,
    wanted: str,
    role: Role | None,
    scope: Scope | None,
    case: str,
) -> None:
    if wanted in (PUBLIC, SIGNED_IN):
        login = path in ("/api/v1/setup", "/api/v1/session") and method == "post"
        assert login or status not in (401, 403), case
        return
    allowed = role is not None and scope is not None and Action(wanted) in ROLE_ACTIONS[role]
    if not allowed:
        assert status == 403, case
        return
    assert scope is not None
    if path.startswith(HUB_WIDE):
        if wanted == Action.MODEL_MANAGE and scope.units is not None:
            assert status == 403, case
        else:
            assert status not in (401, 403, 404, 500), case
    elif path.startswith(OWN):
        assert status in ((200, 202, 204, 409, 422) if scope.units is None else (404,)), case
    elif method == "post" and path in CHOOSES:
        assert status == 422, case
    elif scope.allows(UNIT_A, _groups(path)):
        assert status not in (401, 403, 500), case
        assert status != 404 or path.endswith("/{session}"), case
    elif "{" in path:
        assert status in ((403, 404, 405) if path.startswith("/live") else (404,)), case
    elif method == "post" and path in MAKES_IN_A:
        assert status == 403, case
    elif (method, path) == ("post", "/api/v1/imports"):
        assert status == 201, case  # a file is uploaded by whoever manages cameras anywhere
    else:
        assert status in (200, 202, 503), case
        seen = scope.allows(UNIT_A, [GROUP_A])
        # a group that a grant names is known to its holder, wherever the group's home is
        seen = seen or (path == "/api/v1/camera-groups" and _only_named(scope, case))
        # rights in the other group reach into the unit too, to that group and its cameras alone
        foreign = GROUP_A if scope.allows(UNIT_A, [GROUP_B]) else UNIT_A
        assert seen or foreign not in case, f"something out of scope is shown: {case}"


def _only_named(scope: Scope, text: str) -> bool:
    named = {group for group, _ in scope.grouped}
    return all(group in named or group not in text for group in (GROUP_A, GROUP_B))


def _groups(path: str) -> list[str]:
    if path.startswith("/api/v1/camera-groups/"):
        return []  # who makes members of a group manages its unit
    return [GROUP_A] if any(word in path for word in OF_CAMERA) else []


@pytest.mark.parametrize("where", [name for name in SCOPES if "group" in name])
async def test_what_is_shown_of_a_group_is_its_cameras_alone(site: Site, where: str) -> None:
    """Lists, not only single things: cameras, events and states of two groups of one unit."""
    (mine, mine_event), (other, other_event) = (
        await site.camera(GROUP_A),
        await site.camera(GROUP_B),
    )
    scope = SCOPES[where]
    assert scope is not None
    inside, outside = scope.allows(UNIT_A, [GROUP_A]), scope.allows(UNIT_A, [GROUP_B])
    secret = await site.token(Role.ENGINEER, scope)
    async with site.hub.client(secret) as client:
        for path in ("cameras", "events"):
            text = (await client.get(f"/api/v1/{path}?limit=500")).text
            assert (mine.id in text) is inside
            assert (other.id in text) is outside
        for camera, event, seen in ((mine, mine_event, inside), (other, other_event, outside)):
            for path in (f"cameras/{camera.id}", f"events/{event.id}/snapshot"):
                assert ((await client.get(f"/api/v1/{path}")).status_code == 200) is seen
