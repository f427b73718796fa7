"""Probes, searches, registration and motors through the API, done by a real worker's parts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.details import Capabilities, Details
from camera_registry.jobs import JobRunner
from camera_registry.model import Credentials
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from camera_registry.urls import UrlPolicy
from ingest.onvif.jobs import handlers
from ingest.onvif.ptz import connecting
from ingest.onvif.ptz_desk import PtzDesk
from ingest.options import IngestOptions
from ioc_api.access.rbac import Role
from tests.ingest.conftest import Camera, camera, clip
from tests.ioc_api.hub import UNIT_A, UNIT_B, Hub, hub
from tests.onvif.device import JPEG, PASSWORD, USER, Setup, TestDevice, running
from tests.onvif.messages import GUID

__all__ = ["camera", "clip"]

HERE = UrlPolicy(loopback=True)
CLOCK = SystemClock()
URLS = {"main": "rtsp://127.0.0.1:8554/street", "sub": "rtsp://127.0.0.1:8554/street_sub"}


@pytest.fixture
async def site(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Hub]:
    """A hub whose cameras may be on this machine, and a worker for its jobs."""
    async with hub(tmp_path, bus, policy=HERE) as made:
        options = IngestOptions(open_timeout_s=3.0, permits=HERE.permits)
        runner = JobRunner(
            bus,
            CLOCK,
            made.vault,
            worker="w1",
            handlers=handlers(HERE, options, CLOCK, made.vault),
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


@pytest.fixture
async def device() -> AsyncIterator[TestDevice]:
    async with running(Setup(stream_urls=URLS)) as made:
        yield made


async def finished(client: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    while job["state"] in ("queued", "running"):
        query = {"after": job["revision"], "wait_s": 10}
        job = (await client.get(f"/api/v1/jobs/{job['id']}", params=query)).json()
    return job


async def probed(client: httpx.AsyncClient, device: TestDevice) -> dict[str, Any]:
    body = {"url": device.url, "username": USER, "password": PASSWORD}
    job = await finished(client, await client.post("/api/v1/probe", json=body))
    assert job["result"]["ok"], job
    return job


async def test_a_stream_is_probed_with_its_picture(
    engineer: httpx.AsyncClient, camera: Camera
) -> None:
    url = camera.url.replace("rtsp://", "rtsp://camera:s3cret@")
    job = await finished(
        engineer, await engineer.post("/api/v1/probe", json={"url": url, "seconds": 1})
    )
    assert (job["state"], job["worker"], job["done"]) == ("done", "w1", 100)
    report = job["result"]
    assert report["url"] == camera.url
    assert (report["stream"]["codec"], report["stream"]["width"]) == ("h264", 320)
    assert "s3cret" not in str(job)
    picture = await engineer.get(f"/api/v1/jobs/{job['id']}/picture")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content[:2] == b"\xff\xd8"


async def test_a_registered_camera_is_probed_with_its_own_credentials(
    site: Hub, engineer: httpx.AsyncClient, camera: Camera
) -> None:
    new = NewCamera("n", UNIT_A, camera.url, credentials=Credentials("camera", "s3cret"))
    stored = await site.deps.registry.add(new, Scope.all())
    job = await finished(engineer, await engineer.post(f"/api/v1/cameras/{stored.id}/probe"))
    assert job["result"]["ok"], job


async def test_what_was_measured_is_kept_in_the_record(
    site: Hub, engineer: httpx.AsyncClient, camera: Camera
) -> None:
    details = Details(make="Example Optics", address="12 Lê Lợi")
    new = NewCamera(
        "n", UNIT_A, camera.url, credentials=Credentials("camera", "s3cret"), details=details
    )
    stored = await site.deps.registry.add(new, Scope.all())
    place = f"/api/v1/cameras/{stored.id}"
    job = await finished(engineer, await engineer.post(f"{place}/probe"))
    kept = await engineer.post(f"{place}/facts", json={"job": job["id"]})
    assert kept.status_code == 200, kept.text
    main = kept.json()["main"]
    assert (main["codec"], main["width"], main["height"]) == ("h264", 320, 180)
    assert main["fps"] == pytest.approx(job["result"]["stream"]["fps"])
    assert main["bitrate_kbps"] == round(job["result"]["stream"]["bitrate_kbps"])
    assert (kept.json()["make"], kept.json()["address"]) == ("Example Optics", "12 Lê Lợi")
    assert kept.json()["version"] == 2
    other = await site.deps.registry.add(NewCamera("o", UNIT_A, URLS["main"]), Scope.all())
    answer = await engineer.post(f"/api/v1/cameras/{other.id}/facts", json={"job": job["id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "other_camera")


async def test_what_a_device_tells_is_kept_in_the_record(
    site: Hub, engineer: httpx.AsyncClient, device: TestDevice
) -> None:
    details = Details(capabilities=Capabilities(onvif_url=device.url))
    new = NewCamera(
        "n", UNIT_A, URLS["main"], credentials=Credentials(USER, PASSWORD), details=details
    )
    stored = await site.deps.registry.add(new, Scope.all())
    place = f"/api/v1/cameras/{stored.id}"
    job = await finished(engineer, await engineer.post(f"{place}/probe?of=device"))
    assert job["result"]["ok"], job
    kept = (await engineer.post(f"{place}/facts", json={"job": job["id"]})).json()
    assert (kept["make"], kept["model"], kept["firmware"]) == ("Example Optics", "T-1000", "5.7.1")
    assert kept["serial"] == "SN-0042"
    can = kept["capabilities"]
    assert (can["ptz"], can["onvif_profiles"], can["endpoint_id"]) == (True, ["T"], GUID)


async def test_facts_that_cannot_be_kept(
    site: Hub, engineer: httpx.AsyncClient, device: TestDevice
) -> None:
    camera = await site.deps.registry.add(NewCamera("n", UNIT_A, URLS["main"]), Scope.all())
    place = f"/api/v1/cameras/{camera.id}"
    none = await engineer.post(f"{place}/probe?of=device")
    assert (none.status_code, none.json()["code"]) == (409, "no_onvif")
    away = {"capabilities": {"onvif_url": "http://10.0.0.9/onvif/device_service"}}
    assert (await engineer.patch(place, json=away)).status_code == 200
    elsewhere = await engineer.post(f"{place}/probe?of=device")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "onvif_elsewhere")
    failed = await finished(
        engineer, await engineer.post("/api/v1/probe", json={"url": "rtsp://127.0.0.1:1/x"})
    )
    answer = await engineer.post(f"{place}/facts", json={"job": failed["id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_measured")
    missing = await engineer.post(f"{place}/facts", json={"job": "none"})
    assert (missing.status_code, missing.json()["code"]) == (422, "no_job")
    # somebody who manages cameras elsewhere only
    job = await probed(engineer, device)
    async with site.client(await site.token(Role.ENGINEER, Scope.of([UNIT_B]))) as client:
        assert (await client.post(f"{place}/facts", json={"job": job["id"]})).status_code == 404


async def test_addresses_that_are_never_asked(engineer: httpx.AsyncClient) -> None:
    for url, status in (
        ("rtsp://169.254.169.254/x", 403),
        ("http://169.254.169.254/", 403),
        ("file:///etc/passwd", 422),
        ("gopher://10.0.0.1/", 422),
        ("http://u:p@10.0.0.1/", 422),
        ("rtsp://10.0.0.1/?password=x", 422),
        ("", 422),
    ):
        answer = await engineer.post("/api/v1/probe", json={"url": url})
        assert answer.status_code == status, (url, answer.text)


async def test_loopback_is_refused_unless_it_is_allowed(api: Hub) -> None:
    async with api.client(await api.token(Role.ENGINEER)) as client:
        for url in ("rtsp://127.0.0.1/x", "rtsp://localhost/x", "http://127.0.0.1", "localhost"):
            answer = await client.post("/api/v1/probe", json={"url": url})
            assert answer.status_code == 403, url


async def test_a_device_becomes_a_camera_in_two_steps(
    site: Hub, engineer: httpx.AsyncClient, device: TestDevice
) -> None:
    job = await probed(engineer, device)
    found = job["result"]["device"]
    assert [profile["token"] for profile in found["profiles"]] == ["main", "sub"]
    assert (await engineer.get(f"/api/v1/jobs/{job['id']}/picture")).content == JPEG
    body = {"unit_code": UNIT_A, "username": USER, "password": PASSWORD}
    made = await engineer.post(f"/api/v1/jobs/{job['id']}/camera", json=body)
    assert made.status_code == 201, made.text
    shape = made.json()
    assert (shape["name"], shape["url"]) == ("Cổng chợ", URLS["main"])
    assert (shape["make"], shape["model"], shape["firmware"], shape["serial"]) == (
        "Example Optics",
        "T-1000",
        "5.7.1",
        "SN-0042",
    )
    assert shape["sub"]["url"] == URLS["sub"]
    assert (shape["main"]["width"], shape["sub"]["width"]) == (2560, 640)
    can = shape["capabilities"]
    assert (can["ptz"], can["onvif_url"], can["endpoint_id"]) == (True, device.url, GUID)
    assert can["onvif_profiles"] == ["T"]
    assert shape["has_credentials"]
    again = await engineer.post(f"/api/v1/jobs/{job['id']}/camera", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "registered")
    other = await engineer.post(
        f"/api/v1/jobs/{job['id']}/camera", json={"unit_code": UNIT_A, "main": "nope"}
    )
    assert (other.status_code, other.json()["code"]) == (422, "no_profile")


async def test_a_range_is_searched_and_says_what_is_registered(
    site: Hub, engineer: httpx.AsyncClient, device: TestDevice, camera: Camera
) -> None:
    rtsp_port = int(camera.url.split(":")[2].split("/")[0])
    body = {
        "network": "127.0.0.1/32",
        "onvif_ports": [device.port],
        "rtsp_ports": [rtsp_port],
        "rate": 200,
    }

    async def search() -> dict[str, Any]:
        job = await finished(engineer, await engineer.post("/api/v1/discovery", json=body))
        assert job["state"] == "done", job
        found: dict[str, Any] = (await engineer.get(f"/api/v1/discovery/{job['id']}")).json()
        return found

    found = await search()
    (only,) = found["devices"]
    assert only["camera"] is None
    assert only["device"]["onvif_url"] == device.url
    assert only["device"]["rtsp_url"] == f"rtsp://127.0.0.1:{rtsp_port}/"
    assert (found["job"]["done"], found["job"]["total"]) == (1, 1)
    stored = await site.deps.registry.add(
        NewCamera("Registered", UNIT_A, "rtsp://127.0.0.1:1/a"), Scope.all()
    )
    (only,) = (await search())["devices"]
    assert only["camera"] == {
        "id": stored.id,
        "code": stored.code,
        "name": "Registered",
        "unit_code": UNIT_A,
    }
    assert only["cameras"] == [only["camera"]]


async def test_ranges_that_are_never_searched(engineer: httpx.AsyncClient) -> None:
    for network, status in (
        ("8.8.8.0/24", 403),
        ("169.254.0.0/24", 403),
        ("10.0.0.0/8", 422),
        ("::/0", 422),
        ("nonsense", 422),
        ("", 422),
    ):
        answer = await engineer.post("/api/v1/discovery", json={"network": network})
        assert answer.status_code == status, (network, answer.text)


async def test_a_search_is_called_off(engineer: httpx.AsyncClient) -> None:
    body = {"network": "127.0.0.0/22", "onvif_ports": [1], "rtsp_ports": [1], "rate": 20}
    job = (await engineer.post("/api/v1/discovery", json=body)).json()
    while job["state"] == "queued" or not job["total"]:
        query = {"after": job["revision"], "wait_s": 5}
        job = (await engineer.get(f"/api/v1/jobs/{job['id']}", params=query)).json()
    assert job["total"] == 1024
    await engineer.delete(f"/api/v1/jobs/{job['id']}")
    done = await finished(engineer, httpx.Response(202, json=job))
    assert done["state"] == "cancelled"


async def test_interfaces_are_those_of_a_worker(engineer: httpx.AsyncClient) -> None:
    answer = (await engineer.get("/api/v1/discovery/interfaces")).json()
    assert answer["worker"] == "w1"
    assert {"name": "lo", "address": "127.0.0.1"} in answer["interfaces"]


async def test_a_job_is_seen_by_whoever_may_do_it_everywhere_it_was_meant_for(
    site: Hub, device: TestDevice
) -> None:
    of_a = site.client(await site.token(Role.ENGINEER, Scope.of([UNIT_A])))
    others = [
        site.client(await site.token(Role.ENGINEER, Scope.of([UNIT_B]))),
        site.client(await site.token(Role.OPERATOR)),
    ]
    everywhere = site.client(await site.token(Role.ENGINEER))
    async with contextlib.AsyncExitStack() as stack:
        for client in (of_a, everywhere, *others):
            await stack.enter_async_context(client)
        job = await probed(of_a, device)
        path = f"/api/v1/jobs/{job['id']}"
        assert (await everywhere.get(path)).status_code == 200
        for client in others:
            for answer in (
                await client.get(path),
                await client.delete(path),
                await client.get(f"{path}/picture"),
            ):
                assert answer.status_code == 404
        body = {"unit_code": UNIT_B, "username": USER, "password": PASSWORD}
        refused = await of_a.post(f"{path}/camera", json=body)
        assert refused.status_code == 403


async def test_motors_move_for_whoever_has_the_higher_priority(
    site: Hub, bus: NatsBus, device: TestDevice
) -> None:
    capabilities = Capabilities(ptz=True, onvif_url=device.url)
    new = NewCamera(
        "dome",
        UNIT_A,
        URLS["main"],
        credentials=Credentials(USER, PASSWORD),
        details=Details(capabilities=capabilities),
    )
    stored = await site.deps.registry.add(new, Scope.all())
    desk = PtzDesk(
        stored.id,
        bus=bus,
        vault=site.vault,
        clock=CLOCK,
        connect=connecting(HERE.permits, CLOCK),
    )
    await desk.start()
    path = f"/api/v1/cameras/{stored.id}/ptz"
    try:
        async with (
            site.client(await site.token(Role.OPERATOR)) as operator,
            site.client(await site.token(Role.POLICE_LIAISON)) as police,
            site.client(await site.token(Role.AUDITOR)) as auditor,
            site.client(await site.token(Role.OPERATOR, Scope.of([UNIT_B]))) as elsewhere,
        ):
            shown = (await operator.get(path)).json()
            assert shown["presets"] == [{"token": "1", "name": "Cổng chợ"}]
            moved = await operator.post(path, json={"action": "move", "pan": 0.5})
            assert moved.status_code == 200, moved.text
            assert moved.json()["moving"]
            assert moved.json()["holder"]["mine"]
            assert device.motors.speed == (0.5, 0.0, 0.0)
            taken = await police.post(path, json={"action": "move", "tilt": -1})
            assert taken.status_code == 200
            assert device.motors.stops == 1
            refused = await operator.post(path, json={"action": "stop"})
            assert (refused.status_code, refused.json()["code"]) == (409, "ptz_locked")
            assert (await auditor.post(path, json={"action": "stop"})).status_code == 403
            assert (await elsewhere.post(path, json={"action": "stop"})).status_code == 404
            assert (await police.post(path, json={"action": "unlock"})).json()["holder"] is None
            kept = await operator.post(path, json={"action": "set", "name": "Ngã tư"})
            assert {"token": "2", "name": "Ngã tư"} in kept.json()["presets"]
    finally:
        await desk.stop()
    assert not device.motors.moving


async def test_motors_that_are_not_there(site: Hub, engineer: httpx.AsyncClient) -> None:
    fixed = await site.deps.registry.add(NewCamera("n", UNIT_A, URLS["main"]), Scope.all())
    answer = await engineer.post(f"/api/v1/cameras/{fixed.id}/ptz", json={"action": "stop"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_ptz")
    dome = await site.deps.registry.add(
        NewCamera(
            "d",
            UNIT_A,
            "rtsp://127.0.0.1/d",
            details=Details(capabilities=Capabilities(ptz=True, onvif_url="http://127.0.0.1:9/x")),
        ),
        Scope.all(),
    )
    answer = await engineer.post(f"/api/v1/cameras/{dome.id}/ptz", json={"action": "stop"})
    assert (answer.status_code, answer.json()["code"]) == (503, "no_worker")
    strange = await site.deps.registry.add(
        NewCamera(
            "s",
            UNIT_A,
            "rtsp://127.0.0.1/s",
            details=Details(capabilities=Capabilities(ptz=True, onvif_url="http://127.0.0.2:9/x")),
        ),
        Scope.all(),
    )
    answer = await engineer.post(f"/api/v1/cameras/{strange.id}/ptz", json={"action": "stop"})
    assert (answer.status_code, answer.json()["code"]) == (409, "onvif_elsewhere")
    for body in (
        {"action": "goto"},
        {"action": "move", "pan": 2},
        {"action": "fly"},
        {"action": "set", "name": "a\nb"},
    ):
        answer = await engineer.post(f"/api/v1/cameras/{dome.id}/ptz", json=body)
        assert answer.status_code == 422, body
