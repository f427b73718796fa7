"""`/api/v1/models` with real jobs: models that tests make, in the process that opens them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import msgspec
import numpy as np
import pytest

from analytics.model.manifest import MAX_MODEL_BYTES, Manifest, Model
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.scope import Scope
from ioc_api.access.rbac import Role
from ioc_api.models.jobs import MAX_MEDIA, UPLOADS
from tests.analytics.graphs import model_of
from tests.ioc_api.hub import UNIT_A, Hub, hub
from tests.ioc_api.model_mirror_server import NANO, Mirror, model_mirror, nano
from tests.waiting import eventually

FINAL = {"done", "failed", "cancelled"}


def made(version: str = "1", score: float = 0.9) -> Model:
    rows = np.array([[[16, 16, 48, 48, score, 0]]], np.float32)
    return model_of("nms_rows", {"rows": rows}, name="street", version=version)


class Site:
    """A hub whose jobs are done, and an engineer of the whole city."""

    def __init__(self, made: Hub, client: httpx.AsyncClient) -> None:
        self.hub = made
        self.client = client

    async def upload(self, data: bytes) -> str:
        answer = await self.client.post("/api/v1/model-uploads", content=data)
        assert answer.status_code == 201, answer.text
        assert answer.json()["bytes"] == len(data)
        return str(answer.json()["upload"])

    async def add(self, data: bytes, manifest: Any, **more: Any) -> dict[str, Any]:
        body = {"manifest": msgspec.to_builtins(manifest), "upload": await self.upload(data)}
        answer = await self.client.post("/api/v1/models", json={**body, **more})
        assert answer.status_code == 202, answer.text
        return await self.ended(answer.json()["id"])

    async def ended(self, job_id: str) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                job: dict[str, Any] = (await self.client.get(f"/api/v1/model-jobs/{job_id}")).json()
                if job["state"] in FINAL:
                    return job
                await asyncio.sleep(0.05)

    async def model(self, name: str) -> dict[str, Any] | None:
        answer = await self.client.get(f"/api/v1/models/{name}")
        return answer.json() if answer.status_code == 200 else None

    async def uploads(self) -> int:
        return len(list(Path(self.hub.models_blobs, UPLOADS).glob("*")))


@asynccontextmanager
async def site_of(tmp_path: Path, bus: NatsBus, **detectors: Any) -> AsyncIterator[Site]:
    async with hub(tmp_path, bus, detectors=detectors) as made:
        token = await made.token(Role.ENGINEER)
        runner = asyncio.create_task(made.models.run())
        try:
            async with made.client(token) as client:
                yield Site(made, client)
        finally:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)


@pytest.fixture
async def site(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Site]:
    async with site_of(tmp_path, bus) as made:
        yield made


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    with model_mirror(tmp_path) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


async def test_list_tells_what_there_is_and_what_can_be_had(site: Site) -> None:
    listed = (await site.client.get("/api/v1/models")).json()
    by_name = {item["name"]: item for item in listed["items"]}
    assert listed["default"] == "moving-object"
    assert not listed["default_chosen"]
    assert by_name["moving-object"]["state"] == "built_in"
    assert by_name["moving-object"]["default"]
    offered = by_name[NANO]
    assert (offered["state"], offered["licence"]) == ("offered", "Apache-2.0")
    assert (offered["input_width"], offered["input_height"]) == (416, 416)
    assert (offered["sha256"], offered["pinned"]) == ("", False)
    assert "car" in offered["classes"]


async def test_model_is_uploaded_tried_chosen_replaced_and_removed(site: Site) -> None:
    job = await site.add(made().data, made().manifest)
    assert job["state"] == "done", job
    assert job["result"]["sha256"] == made().manifest.sha256
    found = await site.model("street")
    assert found is not None
    assert (found["state"], found["origin"], found["provider"]) == (
        "installed",
        "added",
        "CPUExecutionProvider",
    )
    assert found["milliseconds"] > 0
    assert found["bytes"] == len(made().data)
    again = await site.client.post(
        "/api/v1/models",
        json={
            "manifest": msgspec.to_builtins(made().manifest),
            "upload": await site.upload(made().data),
        },
    )
    assert (again.status_code, again.json()["code"]) == (409, "model_exists")

    chosen = await site.client.put("/api/v1/model-default", json={"name": "street"})
    assert chosen.json()["default"] == "street"
    refused = await site.client.delete("/api/v1/models/street")
    assert (refused.status_code, refused.json()["code"]) == (409, "model_in_use")

    job = await site.add(made("2", 0.8).data, made("2", 0.8).manifest, replace=True)
    assert job["result"]["model"] == "street@2"

    assert (await site.client.put("/api/v1/model-default", json={"name": None})).json()[
        "default"
    ] == "moving-object"
    camera = {"name": "n", "unit_code": UNIT_A, "url": "rtsp://10.0.0.9/", "detector": "street"}
    added = await site.client.post("/api/v1/cameras", json=camera)
    assert added.status_code == 201, added.text
    refused = await site.client.delete("/api/v1/models/street")
    assert refused.status_code == 409
    assert "1 cameras" in refused.json()["detail"]
    found = await site.model("street")
    assert found is not None
    assert found["cameras"] == 1
    changed = {"detector": ""}
    await site.client.patch(f"/api/v1/cameras/{added.json()['id']}", json=changed)
    assert (await site.client.delete("/api/v1/models/street")).status_code == 204
    assert await site.model("street") is None
    assert (await site.client.put("/api/v1/model-default", json={"name": "x"})).status_code == 404


def bad(how: str) -> tuple[bytes, Manifest]:
    """A model that is to be refused as ``model_<how>``."""
    data, manifest = made().data, msgspec.structs.replace(made().manifest, name=how)
    if how == "refused":
        data = data[: len(data) // 2]
        manifest = msgspec.structs.replace(manifest, sha256=hashlib.sha256(data).hexdigest())
    if how == "tensors":
        other = msgspec.structs.replace(manifest.outputs[0], shape=(1, 1, 9))
        manifest = msgspec.structs.replace(manifest, outputs=(other,))
    if how == "sha256":
        manifest = msgspec.structs.replace(manifest, sha256="0" * 64)
    if how == "decoder":
        manifest = msgspec.structs.replace(manifest, decoder="none")
    return data, manifest


async def test_bad_model_is_refused_with_the_reason_and_leaves_nothing(site: Site) -> None:
    kinds = ("refused", "tensors", "sha256", "decoder")
    jobs = await asyncio.gather(*(site.add(*bad(how)) for how in kinds))
    for how, job in zip(kinds, jobs, strict=True):
        assert (job["state"], job["code"]) == ("failed", f"model_{how}"), job
        assert job["error"]
        assert await site.model(how) is None
    assert await site.uploads() == 0


async def test_slow_model_is_refused_with_the_limit(
    tmp_path: Path, bus: NatsBus, engine: str
) -> None:
    async with site_of(tmp_path, bus, detector_limit_ms=1e-6) as site:
        job = await site.add(made().data, made().manifest)
        assert (job["state"], job["code"]) == ("failed", "model_slow")
        assert "the limit is" in job["error"]
        assert await site.model("street") is None


async def test_trial_shows_speed_and_what_was_seen(site: Site) -> None:
    await site.add(made().data, made().manifest)
    _, picture = cv2.imencode(".png", np.full((360, 640, 3), 90, np.uint8))
    for name, label in (("street", "person"), ("moving-object", None)):
        answer = await site.client.post(f"/api/v1/models/{name}/test", content=picture.tobytes())
        assert answer.status_code == 202, answer.text
        job = await site.ended(answer.json()["id"])
        assert job["state"] == "done", job
        assert job["result"]["pictures"] == 1
        assert job["result"]["milliseconds"] > 0
        assert [each["label"] for each in job["result"]["labels"]] == ([label] if label else [])
        seen = await site.client.get(f"/api/v1/model-jobs/{job['id']}/picture")
        assert seen.headers["content-type"] == "image/jpeg"
        shown = cv2.imdecode(np.frombuffer(seen.content, np.uint8), cv2.IMREAD_COLOR)
        assert shown is not None
        assert shown.shape == (360, 640, 3)
    bad = await site.client.post("/api/v1/models/street/test", content=b"no picture at all")
    job = await site.ended(bad.json()["id"])
    assert job["state"] == "failed"
    assert "cannot be read" in job["error"]
    assert str(Path("/tmp")) not in job["error"]
    assert (await site.client.post("/api/v1/models/none/test", content=b"x")).status_code == 404
    assert await site.uploads() == 0


async def test_model_of_the_catalogue_is_installed_and_pinned(
    tmp_path: Path, bus: NatsBus, mirror: Mirror, engine: str
) -> None:
    async with site_of(tmp_path, bus, model_mirror=mirror.url) as site:
        job = await install(site)
        assert job["state"] == "done", job
        assert job["result"]["trusted_on_first_use"]
        found = await site.model(NANO)
        assert found is not None
        assert found["sha256"] == hashlib.sha256(nano()).hexdigest()
        assert found["pinned"]
        await site.client.delete(f"/api/v1/models/{NANO}")
        mirror.files[NANO] = nano(0.7)
        job = await install(site)
        assert (job["state"], job["code"]) == ("failed", "model_sha256")
        offered = await site.model(NANO)
        assert offered is not None
        assert (offered["state"], offered["pinned"]) == ("offered", True)
        mirror.how = "truncated"
        job = await install(site)
        assert (job["state"], job["code"]) == ("failed", "model_download")


async def test_slow_download_shows_how_far_it_is_and_can_be_called_off(
    tmp_path: Path, bus: NatsBus, mirror: Mirror, engine: str
) -> None:
    mirror.how = "slow"
    async with site_of(tmp_path, bus, model_mirror=mirror.url) as site:
        answer = await site.client.post(f"/api/v1/models/{NANO}/install")
        job_id = answer.json()["id"]

        async def half_way() -> bool:
            job = (await site.client.get(f"/api/v1/model-jobs/{job_id}")).json()
            return bool(job["phase"] == "download" and 0 < job["done"] < job["total"])

        async with asyncio.timeout(60):
            while not await half_way():
                await asyncio.sleep(0.05)
        await site.client.delete(f"/api/v1/model-jobs/{job_id}")
        assert (await site.ended(job_id))["state"] == "cancelled"
        found = await site.model(NANO)
        assert found is not None
        assert (found["state"], found["pinned"]) == ("offered", False)


async def install(site: Site) -> dict[str, Any]:
    answer = await site.client.post(f"/api/v1/models/{NANO}/install")
    assert answer.status_code == 202, answer.text
    return await site.ended(answer.json()["id"])


async def test_rights_in_a_part_of_the_city_change_no_model(site: Site) -> None:
    token = await site.hub.token(Role.ENGINEER, Scope.of([UNIT_A]))
    async with site.hub.client(token) as client:
        assert (await client.get("/api/v1/models")).status_code == 200
        for method, path in (
            ("POST", f"/api/v1/models/{NANO}/install"),
            ("DELETE", "/api/v1/models/street"),
            ("POST", "/api/v1/model-uploads"),
        ):
            answer = await client.request(method, path, content=b"x")
            assert (answer.status_code, answer.json()["code"]) == (403, "city_only")


async def test_what_is_sent_is_bounded_and_checked(site: Site) -> None:
    for path, limit in (
        ("/api/v1/model-uploads", MAX_MODEL_BYTES),
        ("/api/v1/models/street/test", MAX_MEDIA),
        ("/api/v1/models", 2**20),
    ):
        headers = {"Content-Length": str(limit + 1)}
        answer = await site.client.post(path, content=b"x", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    empty = await site.client.post("/api/v1/model-uploads", content=b"")
    assert (empty.status_code, empty.json()["code"]) == (422, "upload_empty")
    manifest = msgspec.to_builtins(made().manifest)
    for body, code in (
        ({"manifest": {"name": "x"}, "upload": "x"}, "model_manifest"),
        ({"manifest": {**manifest, "name": "../x"}, "upload": "x"}, "model_name"),
        ({"manifest": {**manifest, "name": "moving-object"}, "upload": "x"}, "model_name"),
        ({"manifest": manifest, "upload": "../../etc/passwd"}, "no_upload"),
    ):
        answer = await site.client.post("/api/v1/models", json=body)
        assert answer.json()["code"] == code, answer.text
    for path in (f"/api/v1/models/{'x' * 70}/install", "/api/v1/models/yolov8n/install"):
        assert (await site.client.post(path)).status_code == 404


async def test_unused_uploads_are_swept(site: Site) -> None:
    await site.upload(b"never used")
    assert await site.uploads() == 1
    assert await site.hub.blobs.sweep(UPLOADS, 3600) == 0
    assert await site.hub.blobs.sweep(UPLOADS, -1) == 1
    await eventually(lambda: not list(Path(site.hub.models_blobs, UPLOADS).glob("*")))
