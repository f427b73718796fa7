"""Every revision down and up again on a hub that has been used: rows of all kinds in the tables."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pyotp
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from camera_registry.adapters.revisions import alembic_config
from camera_registry.base.clock import SystemClock, us_to_iso
from camera_registry.health.model import HealthChange
from camera_registry.quality.model import Measure, Use
from ioc_api.access.rbac import Role
from ioc_api.events.records import NewRecord
from ioc_api.migrations import DIRECTORY
from tests.ioc_api.hub import PASSWORD, UNIT_A, Hub
from tests.ioc_api.samples import event

S = 1_000_000
TABLE = f"name,unit,url\nB,{UNIT_A},rtsp://u:pw-of-Seven@10.0.0.2/\nC,{UNIT_A},x\n"


async def post(client: httpx.AsyncClient, path: str, body: Any = None) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def settled(client: httpx.AsyncClient, path: str) -> None:
    while (await client.get(f"/api/v1/{path}")).json()["state"].endswith("ing"):
        await asyncio.sleep(0.01)


async def used(api: Hub, client: httpx.AsyncClient) -> str:
    """Use a hub in every way that leaves rows; return the id of a camera."""
    now, deps = SystemClock().utc_us(), api.deps
    group = await post(client, "camera-groups", {"name": "g", "unit_code": UNIT_A})
    login = {"name": "l", "unit_code": UNIT_A, "username": "u", "password": "pw-of-Seven"}
    shared = await post(client, "credentials", login)
    body = {"name": "A", "unit_code": UNIT_A, "url": "rtsp://10.0.0.1/", "tags": ["t"]}
    more = {"groups": [group["id"]], "credential_id": shared["id"], "serial": "1"}
    camera = (await post(client, "cameras", body | more))["id"]
    answer = await client.post("/api/v1/imports?name=x.csv", content=TABLE)
    upload = f"imports/{answer.json()['id']}"
    await post(client, f"{upload}/check", {})
    await settled(client, upload)
    await post(client, f"{upload}/apply", {"mode": "good_rows"})
    await settled(client, upload)
    looked = await post(client, "camera-edits?q=A", {"change": {"priority": 3}})
    edit = f"camera-edits/{looked['id']}"
    await settled(client, edit)
    await post(client, f"{edit}/apply")
    await settled(client, edit)
    await post(client, "password-changes?q=B", {"mode": "vault", "password": "a-new-Password-7"})
    window = {"target": "unit", "target_id": UNIT_A, "reason": "r", "begins": us_to_iso(now)}
    await post(client, "maintenance", window | {"ends": us_to_iso(now + 600 * S)})
    grants = [{"role": "engineer", "units": [UNIT_A], "groups": [group["id"]]}]
    user = await post(client, "users", {"username": "an", "password": PASSWORD, "grants": grants})
    await post(client, "tokens", {"name": "t", "grants": grants})
    enrolment = await deps.access.second.begin(user["id"], "an")
    await deps.access.second.confirm(user["id"], pyotp.TOTP(enrolment.secret).now())
    await deps.authenticator.open_session(user["id"])
    await deps.access.brake.take("an", "10.0.0.9")
    await deps.health.add([HealthChange(camera, UNIT_A, "live", "live", "", now)])
    store = deps.quality.desk.store
    await store.put_measure(camera, Measure(now, "h264", 1, 1, 25.0, None))
    await store.put_uses(deps.quality.desk.today(), {(camera, Use.WALL): 1})
    await deps.quality.keeper.run_once()
    await deps.events.record([NewRecord(event(camera_id=camera), now, "")], [])
    return str(camera)


async def test_every_revision_goes_down_and_up_with_rows_in_all_tables(api: Hub) -> None:
    database = api.database
    scripts = ScriptDirectory.from_config(alembic_config(DIRECTORY))
    revisions = [script.revision for script in scripts.walk_revisions()]

    def go(connection: sa.Connection, way: Any, to: str) -> None:
        config = alembic_config(DIRECTORY)
        config.attributes["connection"] = connection
        way(config, to)

    async with api.client(await api.token(Role.ADMINISTRATOR)) as client:
        camera = await used(api, client)
        before = (await client.get(f"/api/v1/cameras/{camera}")).json()
    for number in range(1, len(revisions)):
        for way, to in ((command.downgrade, revisions[number]), (command.upgrade, "head")):
            async with database.write() as connection:
                await connection.run_sync(go, way, to)
                names = sa.text("select name from cameras order by name")
                assert (await connection.execute(names)).scalars().all() == ["A", "B"], to
    # what later revisions brought is gone with them; the camera itself is not
    async with api.client(await api.token(Role.ADMINISTRATOR)) as client:
        after = (await client.get(f"/api/v1/cameras/{camera}")).json()
    same = ("id", "name", "unit_code", "url", "tags", "enabled", "created_at")
    assert [after[name] for name in same] == [before[name] for name in same]
