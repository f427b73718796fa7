"""A recorder through the API: its channels, each one's state, each registered by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from camera_registry.details import Capabilities, Details
from camera_registry.model import Credentials
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub
from tests.ioc_api.test_device_jobs import engineer, finished, probed, site
from tests.onvif import messages
from tests.onvif.device import PASSWORD, USER, TestDevice, running
from tests.onvif.messages import GUID
from tests.onvif.recorder import CHANNELS, recorder, url_of

__all__ = ["engineer", "site"]

BODY = {"unit_code": UNIT_A, "username": USER, "password": PASSWORD}


@pytest.fixture(params=[(messages.TRT,), (messages.TR2,)], ids=["media1", "media2"])
async def nvr(request: pytest.FixtureRequest) -> AsyncIterator[TestDevice]:
    async with running(recorder(media=request.param)) as made:
        yield made


async def channels(client: httpx.AsyncClient, job: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/v1/jobs/{job['id']}/channels")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["channels"]
    return found


async def test_every_channel_of_a_recorder_is_registered(
    engineer: httpx.AsyncClient, nvr: TestDevice
) -> None:
    job = await probed(engineer, nvr)
    path = f"/api/v1/jobs/{job['id']}/camera"
    found = await channels(engineer, job)
    assert [(each["source"], each["number"], each["camera"]) for each in found] == [
        (source, number, None) for number, source in enumerate(CHANNELS, 1)
    ]
    assert [(each["main"], each["sub"]) for each in found] == [
        (f"main-{source}", f"sub-{source}") for source in CHANNELS
    ]
    assert found[2]["name"] == "Cổng chợ 3"
    made = []
    for source in CHANNELS:
        answer = await engineer.post(path, json=BODY | {"source": source})
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
        now = await channels(engineer, job)
        assert [each["camera"] is not None for each in now].count(True) == len(made)
        assert now[len(made) - 1]["camera"] == {
            key: made[-1][key] for key in ("id", "code", "name", "unit_code")
        }
    for source, camera in zip(CHANNELS, made, strict=True):
        assert camera["url"] == url_of("main", source)
        assert camera["sub"]["url"] == url_of("sub", source)
        can = camera["capabilities"]
        assert (can["source_token"], can["endpoint_id"]) == (source, GUID)
        assert can["ptz"] == (source == "vs_2")
        assert (camera["make"], camera["serial"]) == ("Example Optics", "")
    again = await engineer.post(path, json=BODY | {"source": "vs_3"})
    assert (again.status_code, again.json()["code"]) == (409, "registered")
    assert again.json()["detail"] == f"This channel is registered already, as {made[2]['name']}"


async def test_a_channel_is_the_device_and_the_source_whatever_its_address_is_now(
    site: Hub, engineer: httpx.AsyncClient, nvr: TestDevice
) -> None:
    can = Capabilities(onvif_url=nvr.url, endpoint_id=GUID, source_token="vs_2")
    moved = await site.deps.registry.add(
        NewCamera("B", UNIT_A, "rtsp://127.0.0.1:8554/old", details=Details(capabilities=can)),
        Scope.all(),
    )
    by_hand = await site.deps.registry.add(
        NewCamera("C", UNIT_A, url_of("sub", "vs_3")), Scope.all()
    )
    strange = Capabilities(onvif_url="http://10.0.0.9/x", source_token="vs_4")
    await site.deps.registry.add(
        NewCamera("D", UNIT_A, "rtsp://10.0.0.9/s", details=Details(capabilities=strange)),
        Scope.all(),
    )
    job = await probed(engineer, nvr)
    found = [each["camera"] and each["camera"]["id"] for each in await channels(engineer, job)]
    assert found == [None, moved.id, by_hand.id, None]
    async with site.client(await site.token(Role.ENGINEER, Scope.of([UNIT_B]))) as client:
        own = await probed(client, nvr)
        assert [each["camera"] for each in await channels(client, own)] == [None] * 4
        body = BODY | {"unit_code": UNIT_B, "source": "vs_3", "main": "sub-vs_3"}
        taken = await client.post(f"/api/v1/jobs/{own['id']}/camera", json=body)
        assert (taken.status_code, taken.json()["code"]) == (409, "url_taken")
        hidden = await client.get(f"/api/v1/jobs/{job['id']}/channels")
        assert hidden.status_code == 404


async def test_streams_are_those_of_the_channel(
    engineer: httpx.AsyncClient, nvr: TestDevice
) -> None:
    job = await probed(engineer, nvr)
    path = f"/api/v1/jobs/{job['id']}/camera"
    for wrong in (
        {"source": "vs_9"},
        {"source": "vs_1", "main": "main-vs_2"},
        {"source": "vs_1", "sub": "sub-vs_2"},
        {"main": "nope"},
    ):
        answer = await engineer.post(path, json=BODY | wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "no_profile"), wrong
    by_main = (await engineer.post(path, json=BODY | {"main": "main-vs_4"})).json()
    assert by_main["sub"]["url"] == url_of("sub", "vs_4")
    assert by_main["capabilities"]["source_token"] == "vs_4"


async def test_a_search_tells_all_cameras_of_a_recorder(
    site: Hub, engineer: httpx.AsyncClient, nvr: TestDevice
) -> None:
    job = await probed(engineer, nvr)
    for source in CHANNELS[:2]:
        body = BODY | {"source": source}
        made = await engineer.post(f"/api/v1/jobs/{job['id']}/camera", json=body)
        assert made.status_code == 201
    await site.deps.registry.add(
        NewCamera("Beside it", UNIT_A, "rtsp://127.0.0.1:9554/x"), Scope.all()
    )
    where: dict[str, Any] = {"network": "127.0.0.1/32", "rate": 200}
    where |= {"onvif_ports": [nvr.port], "rtsp_ports": [1]}
    search = await finished(engineer, await engineer.post("/api/v1/discovery", json=where))
    (found,) = (await engineer.get(f"/api/v1/discovery/{search['id']}")).json()["devices"]
    assert [each["name"] for each in found["cameras"]] == ["Cổng chợ 1", "Cổng chợ 2"]
    assert found["camera"]["name"] in ("Cổng chợ 1", "Cổng chợ 2")


async def test_what_a_recorder_tells_is_kept_for_the_channel_alone(
    site: Hub, engineer: httpx.AsyncClient, nvr: TestDevice
) -> None:
    details = Details(serial="CAM-3", capabilities=Capabilities(onvif_url=nvr.url))
    new = NewCamera(
        "C",
        UNIT_A,
        url_of("main", "vs_3"),
        credentials=Credentials(USER, PASSWORD),
        details=details,
    )
    place = f"/api/v1/cameras/{(await site.deps.registry.add(new, Scope.all())).id}"
    job = await finished(engineer, await engineer.post(f"{place}/probe?of=device"))
    kept = (await engineer.post(f"{place}/facts", json={"job": job["id"]})).json()
    assert (kept["make"], kept["serial"]) == ("Example Optics", "CAM-3")
    can = kept["capabilities"]
    assert (can["source_token"], can["ptz"], can["endpoint_id"]) == ("vs_3", False, GUID)
