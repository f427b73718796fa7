"""Another password for many cameras: in the vault, on devices, broken off anywhere, by whom."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.adapters.password_tables import password_rows
from camera_registry.adapters.passwords_sql import SqlPasswordStore
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.jobs import JobDesk, JobRunner
from camera_registry.model import Credentials
from camera_registry.passwords.model import TRIES, strong_password
from camera_registry.passwords.runner import PasswordRunner
from camera_registry.scope import Scope
from camera_registry.urls import UrlPolicy
from camera_registry.weak import WeakCredentials
from ingest.onvif.jobs import handlers
from ingest.options import IngestOptions
from ioc_api.access.rbac import Role
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub, hub
from tests.onvif.device import PASSWORD, USER, Setup, TestDevice, running

HERE = UrlPolicy(loopback=True)
CHANGES = "/api/v1/password-changes"
NEW = "canary-New-word-5"


class Ahead(SystemClock):
    """A clock of which every pause has passed at once."""

    def __init__(self) -> None:
        self.ahead_us = 0

    def utc_us(self) -> int:
        return super().utc_us() + self.ahead_us

    async def sleep(self, seconds: float) -> None:
        self.ahead_us += round(seconds * 1e6)
        await asyncio.sleep(0.005)


@pytest.fixture
async def site(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Hub]:
    """A hub whose cameras may be on this machine, and a worker that makes no pauses."""
    async with hub(tmp_path, bus, policy=HERE) as made:
        options = IngestOptions(open_timeout_s=3.0, permits=HERE.permits)
        runner = JobRunner(
            bus,
            SystemClock(),
            made.vault,
            worker="w1",
            handlers=handlers(HERE, options, Ahead(), made.vault),
            slots=8,
        )
        working = asyncio.create_task(runner.run())
        yield made
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@pytest.fixture
async def engineer(site: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client(await site.token(Role.ENGINEER)) as client:
        yield client


def runner_of(site: Hub, clock: Ahead | None = None) -> PasswordRunner:
    clock = clock or Ahead()
    jobs = JobDesk(site.deps.jobs._bus, site.vault, SystemClock())
    store = SqlPasswordStore(site.database)
    return PasswordRunner(site.deps.passwords, store, site.deps.registry, site.vault, jobs, clock)


STREAMS = itertools.count()


async def add(client: httpx.AsyncClient, device: TestDevice | None = None, **more: Any) -> str:
    url = f"rtsp://127.0.0.1:8554/{next(STREAMS)}"
    body: dict[str, Any] = {"name": "n", "unit_code": UNIT_A, "url": url}
    body |= {"username": USER, "password": PASSWORD}
    if device is not None:
        body["capabilities"] = {"onvif_url": device.url}
    answer = await client.post("/api/v1/cameras", json=body | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def begin(client: httpx.AsyncClient, query: str = "", **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{CHANGES}{query}", json=body)
    assert answer.status_code == 202, answer.text
    assert NEW not in answer.text
    change: dict[str, Any] = answer.json()
    return change


async def rows(client: httpx.AsyncClient, change: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.get(f"{CHANGES}/{change['id']}/cameras")
    assert NEW not in answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def now(client: httpx.AsyncClient, change: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{CHANGES}/{change['id']}")).json()
    return found


async def login(site: Hub, camera_id: str) -> Credentials:
    stored = await site.deps.registry.stored(camera_id, Scope.all())
    sealed, sealed_for = stored.login
    return site.vault.open_credentials(sealed_for, sealed)


async def pending(site: Hub) -> list[bytes]:
    async with site.database.read() as connection:
        found = await connection.execute(password_rows.select())
        return [row.sealed for row in found if row.sealed]


def test_random_passwords_are_strong_and_differ() -> None:
    weak = WeakCredentials.load()
    made = {strong_password() for _ in range(200)}
    assert len(made) == 200
    assert not any(weak.is_weak(Credentials(USER, each)) for each in made)
    assert all(len(each) == 16 and each.isascii() for each in made)


async def test_in_the_vault_for_a_selection(site: Hub, engineer: httpx.AsyncClient) -> None:
    shared = {"name": "s", "username": "guard", "password": "four-Loud-geese"}
    made = (await engineer.post("/api/v1/credentials", json=shared)).json()
    own = await add(engineer, name="a")
    bare = await add(engineer, name="b", username=None, password=None)
    sharing = await add(engineer, name="c", username=None, password=None, credential_id=made["id"])
    other = await add(engineer, name="d", unit_code=UNIT_B)
    preview = await engineer.post(f"{CHANGES}/preview?unit={UNIT_A}", json={})
    assert preview.json() == {
        "cameras": 3,
        "without_credentials": 1,
        "without_onvif": 3,
        "shared": 1,
    }
    change = await begin(engineer, f"?unit={UNIT_A}", mode="vault", password=NEW)
    assert (change["total"], change["state"], change["counts"]["waiting"]) == (3, "running", 3)
    assert await runner_of(site).work_once()
    change = await now(engineer, change)
    assert (change["state"], change["counts"]["done"]) == ("done", 2)
    found = {row["camera_id"]: (row["state"], row["code"]) for row in await rows(engineer, change)}
    assert found == {
        own: ("done", ""),
        bare: ("failed", "no_credentials"),
        sharing: ("done", ""),
    }
    assert await login(site, own) == Credentials(USER, NEW)
    assert await login(site, sharing) == Credentials("guard", NEW)
    assert await login(site, other) == Credentials(USER, PASSWORD)
    camera = (await engineer.get(f"/api/v1/cameras/{sharing}")).json()
    assert camera["credential_id"] == ""
    history = (await engineer.get(f"/api/v1/cameras/{own}/versions")).text
    assert "replaced" in history
    assert NEW not in history
    assert len(await pending(site)) == 1
    await engineer.patch(f"/api/v1/cameras/{bare}", json={"username": "u", "password": "x"})
    again = await engineer.post(f"{CHANGES}/{change['id']}/retry")
    assert again.json()["counts"]["waiting"] == 1
    assert await runner_of(site).work_once()
    assert await login(site, bare) == Credentials("u", NEW)
    assert await pending(site) == []
    assert (await engineer.delete(f"{CHANGES}/{change['id']}")).status_code == 204
    assert (await engineer.get(CHANGES)).json()["items"] == []


async def test_on_the_devices_with_a_random_one_for_each(
    site: Hub, engineer: httpx.AsyncClient
) -> None:
    async with running() as one, running() as two:
        cameras = [await add(engineer, one, name="a"), await add(engineer, two, name="b")]
        silent = await add(engineer, name="c")
        elsewhere = await add(engineer, one, name="d", url="rtsp://10.0.0.1/s")
        ids = [*cameras, silent, elsewhere]
        change = await begin(engineer, cameras=ids, mode="devices")
        assert (change["random"], change["total"]) == (True, 4)
        assert await runner_of(site).work_once()
        found = {row["camera_id"]: row for row in await rows(engineer, change)}
        assert [found[each]["state"] for each in ids] == ["done", "done", "failed", "failed"]
        assert found[silent]["code"] == "no_onvif"
        assert found[elsewhere]["code"] == "elsewhere"
        words = set()
        for camera, device in zip(cameras, (one, two), strict=True):
            kept = await login(site, camera)
            assert device.tokens.passwords == {USER: kept.password}
            words.add(kept.password)
        assert len(words) == 2
        assert PASSWORD not in words


async def test_the_channels_of_a_recorder_get_one_password_and_none_is_left_out(
    site: Hub, engineer: httpx.AsyncClient
) -> None:
    async with running() as recorder:
        first, second = [await add(engineer, recorder, name=name) for name in "ab"]
        body = {"cameras": [first], "mode": "devices"}
        refused = await engineer.post(CHANGES, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "channels_left_out")
        change = await begin(engineer, cameras=[first, second], mode="devices")
        runner = runner_of(site)
        assert await runner.work_once()
        assert {row["state"] for row in await rows(engineer, change)} == {"done"}
        kept = {(await login(site, each)).password for each in (first, second)}
        assert {recorder.tokens.passwords[USER]} == kept
        assert PASSWORD not in kept


async def test_a_device_that_refuses_keeps_its_password_and_can_be_tried_again(
    site: Hub, engineer: httpx.AsyncClient
) -> None:
    setup = Setup(set_user=lambda *_: "PasswordTooWeak")
    async with running(setup) as device:
        camera = await add(engineer, device)
        change = await begin(engineer, cameras=[camera], mode="devices", password=NEW)
        assert await runner_of(site).work_once()
        (row,) = await rows(engineer, change)
        assert (row["state"], row["code"]) == ("failed", "password_weak")
        assert await login(site, camera) == Credentials(USER, PASSWORD)
        device.setup = Setup()
        await engineer.post(f"{CHANGES}/{change['id']}/retry")
        assert await runner_of(site).work_once()
        assert device.tokens.passwords == {USER: NEW}
        assert await login(site, camera) == Credentials(USER, NEW)


async def test_whoever_dies_between_device_and_vault_locks_nobody_out(
    site: Hub, engineer: httpx.AsyncClient
) -> None:
    async with running() as device:
        camera = await add(engineer, device)
        change = await begin(engineer, cameras=[camera], mode="devices")
        clock = Ahead()
        runner = runner_of(site, clock)
        asked = asyncio.Event()

        async def lose(*_: object, **__: object) -> None:
            asked.set()
            await asyncio.Event().wait()

        runner._keep = lose  # type: ignore[method-assign]
        dying = asyncio.create_task(runner.work_once())
        async with asyncio.timeout(30):
            await asked.wait()  # the device was changed, and the vault does not know it
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        assert USER in device.tokens.passwords
        assert device.tokens.passwords[USER] != PASSWORD
        assert await login(site, camera) == Credentials(USER, PASSWORD)
        assert len(await pending(site)) == 1
        assert not await runner_of(site).work_once()  # it may still be alive
        later = Ahead()
        later.ahead_us = clock.ahead_us + 60_000_000
        assert await runner_of(site, later).work_once()
        assert (await now(engineer, change))["state"] == "done"
        assert device.tokens.passwords == {USER: (await login(site, camera)).password}


async def test_a_device_of_which_nothing_is_known_stays_unsure_with_both_passwords_kept(
    site: Hub, engineer: httpx.AsyncClient
) -> None:
    async def gone(_: object) -> None:
        raise ConnectionResetError

    def die(device: TestDevice, name: str, password: str) -> str:
        device.tokens.passwords[name] = password
        device.setup = replace(device.setup, hostile=gone)
        return "silent"

    async with running(Setup(set_user=die)) as device:
        camera = await add(engineer, device)
        change = await begin(engineer, cameras=[camera], mode="devices", password=NEW)
        path = f"{CHANGES}/{change['id']}"
        assert await runner_of(site).work_once()
        (row,) = await rows(engineer, change)
        assert (row["state"], row["tries"]) == ("unsure", TRIES)
        assert row["message"]
        assert await login(site, camera) == Credentials(USER, PASSWORD)
        assert len(await pending(site)) == 1
        kept = await engineer.delete(path)
        assert (kept.status_code, kept.json()["code"]) == (409, "password_unsure")
        second = await begin(engineer, cameras=[camera], mode="devices")
        await runner_of(site).work_once()
        (busy,) = await rows(engineer, second)
        assert (busy["state"], busy["code"]) == ("failed", "busy")
        still = await engineer.post(f"{CHANGES}/{second['id']}/retry")
        assert still.json()["counts"]["failed"] == 1
        device.setup = Setup()  # it is back
        await engineer.post(f"{path}/retry")
        assert await runner_of(site).work_once()
        assert await login(site, camera) == Credentials(USER, NEW)
        assert device.tokens.passwords == {USER: NEW}
        assert (await engineer.delete(path)).status_code == 204


async def test_a_change_is_called_off(site: Hub, engineer: httpx.AsyncClient) -> None:
    cameras = [await add(engineer, name=name) for name in "abc"]
    change = await begin(engineer, cameras=cameras, mode="vault", password=NEW)
    stopped = await engineer.post(f"{CHANGES}/{change['id']}/cancel")
    assert stopped.json()["stopping"] is True
    assert await runner_of(site).work_once()
    change = await now(engineer, change)
    assert (change["state"], change["counts"]["cancelled"]) == ("cancelled", 3)
    assert await pending(site) == []
    assert await login(site, cameras[0]) == Credentials(USER, PASSWORD)


async def test_one_process_at_a_time_works_on_a_change(
    site: Hub, engineer: httpx.AsyncClient
) -> None:
    camera = await add(engineer)
    await begin(engineer, cameras=[camera], mode="vault", password=NEW)
    worked = await asyncio.gather(*(runner_of(site).work_once() for _ in range(4)))
    assert worked.count(True) == 1
    assert (await engineer.get(f"/api/v1/cameras/{camera}")).json()["version"] == 2


async def test_only_who_manages_all_of_its_cameras_sees_and_begins_it(
    site: Hub, engineer: httpx.AsyncClient
) -> None:
    mine, other = await add(engineer, name="a"), await add(engineer, name="b", unit_code=UNIT_B)
    both = await begin(engineer, cameras=[mine, other], mode="vault", password=NEW)
    one = await begin(engineer, cameras=[mine], mode="vault", password=NEW)
    body: dict[str, Any] = {"cameras": [mine, other, new_id(1)], "mode": "vault", "password": NEW}
    async with site.client(await site.token(Role.ENGINEER, Scope.of([UNIT_A]))) as client:
        assert [each["id"] for each in (await client.get(CHANGES)).json()["items"]] == [one["id"]]
        for path in ("", "/cameras"):
            assert (await client.get(f"{CHANGES}/{both['id']}{path}")).status_code == 404
        for path in ("/cancel", "/retry"):
            assert (await client.post(f"{CHANGES}/{both['id']}{path}")).status_code == 404
        assert (await client.delete(f"{CHANGES}/{both['id']}")).status_code == 404
        assert (await begin(client, **body))["total"] == 1
    made = await engineer.post("/api/v1/camera-groups", json={"name": "g", "unit_code": UNIT_A})
    group = made.json()["id"]
    for scope in (Scope.of([UNIT_B], [group]), Scope.of([UNIT_A], [group])):
        async with site.client(await site.token(Role.ENGINEER, scope)) as client:
            assert (await client.get(CHANGES)).json()["items"] == []
            refused = await client.post(CHANGES, json=body)
            assert (refused.status_code, refused.json()["code"]) == (422, "nothing_chosen")
    grouped = await engineer.put(f"/api/v1/camera-groups/{group}/cameras/{mine}")
    assert grouped.status_code == 204
    async with site.client(await site.token(Role.ENGINEER, Scope.of(["*"], [group]))) as client:
        ids = [each["id"] for each in (await client.get(CHANGES)).json()["items"]]
        assert one["id"] in ids
        assert both["id"] not in ids
    async with site.client(await site.token(Role.OPERATOR)) as client:
        assert (await client.post(CHANGES, json=body)).status_code == 403


async def test_a_change_goes_with_its_camera_to_another_unit(
    site: Hub, engineer: httpx.AsyncClient
) -> None:
    mine, gone = await add(engineer, name="a"), await add(engineer, name="b")
    one = await begin(engineer, cameras=[mine], mode="vault", password=NEW)
    two = await begin(engineer, cameras=[gone], mode="vault", password=NEW)
    moved = await engineer.patch(f"/api/v1/cameras/{mine}", json={"unit_code": UNIT_B})
    removed = await engineer.delete(f"/api/v1/cameras/{gone}")
    assert (moved.status_code, removed.status_code) == (200, 204)
    async with site.client(await site.token(Role.ENGINEER, Scope.of([UNIT_A]))) as client:
        assert [each["id"] for each in (await client.get(CHANGES)).json()["items"]] == [two["id"]]
        assert (await client.post(f"{CHANGES}/{one['id']}/retry")).status_code == 404
    async with site.client(await site.token(Role.ENGINEER, Scope.of([UNIT_B]))) as client:
        assert [each["id"] for each in (await client.get(CHANGES)).json()["items"]] == [one["id"]]


async def test_what_makes_no_sense_is_refused(engineer: httpx.AsyncClient) -> None:
    camera = await add(engineer)
    for body, code in (
        ({"mode": "vault", "cameras": [camera]}, "password"),
        ({"mode": "vault", "password": NEW}, "nothing_chosen"),
        ({"mode": "vault", "password": NEW, "cameras": []}, "nothing_chosen"),
        ({"mode": "vault", "password": "a\tb", "cameras": [camera]}, "credentials"),
        ({"mode": "elsewhere", "cameras": [camera]}, "validation"),
    ):
        answer = await engineer.post(CHANGES, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await engineer.get(CHANGES)).json()["items"] == []
