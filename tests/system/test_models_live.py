"""Models changed under a running hub: no session, ring or worker is lost for it."""

from __future__ import annotations

import time
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from analytics.model.manifest import Model
from tests.analytics.graphs import model_of
from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(600)


def made(version: str, word: str) -> Model:
    """A model that always sees one thing, and calls it by this word."""
    rows = np.array([[[16, 16, 48, 48, 0.9, 0]]], np.float32)
    return model_of(
        "nms_rows", {"rows": rows}, name="live-test", classes=(word, "other"), version=version
    )


class Site:
    """The hub by its API."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def take_in(self, model: Model, *, damaged: bool = False) -> dict[str, Any]:
        data = model.data[:-40] if damaged else model.data
        upload = self.client.post("/api/v1/model-uploads", content=data).json()["upload"]
        manifest = msgspec.to_builtins(model.manifest)
        body = {"manifest": manifest, "upload": upload, "replace": True}
        job = self.client.post("/api/v1/models", json=body).json()
        deadline = time.monotonic() + 60
        while job["state"] in {"queued", "running"}:
            assert time.monotonic() < deadline, job
            time.sleep(0.2)
            job = self.client.get(f"/api/v1/model-jobs/{job['id']}").json()
        found: dict[str, Any] = job
        return found

    def cameras(self) -> dict[str, dict[str, Any]]:
        items = self.client.get("/api/v1/cameras").json()["items"]
        return {one["id"]: one for one in items}

    def use(self, camera: str, model: str) -> None:
        answer = self.client.patch(f"/api/v1/cameras/{camera}", json={"detector": model})
        assert answer.status_code == 200, answer.text

    def models(self) -> dict[str, str]:
        return {key: one["status"]["model"] for key, one in self.cameras().items()}


async def test_models_change_without_a_restart(hub: Hub) -> None:
    await eventually(lambda: hub.all_live(4), within_s=60)
    with hub.client() as client:
        site = Site(client)
        await eventually(lambda: set(site.models().values()) == {"moving-object@1"}, within_s=60)
        before, pids = site.cameras(), hub.ready["roles"]
        one, two, *others = sorted(before)
        try:
            assert site.take_in(made("1", "person"))["state"] == "done"
            site.use(one, "live-test")
            site.use(two, "absent")
            await eventually(lambda: site.models()[one] == "live-test@1", within_s=60)

            # each camera tells for itself, perhaps from another worker
            await eventually(
                lambda: site.cameras()[two]["status"]["model_code"] == "model_missing", within_s=60
            )
            missing = site.cameras()[two]["status"]
            assert missing["model"] == "moving-object@1"  # looks on with what it had
            assert "absent" in missing["model_reason"]
            assert {site.models()[other] for other in others} == {"moving-object@1"}

            assert site.take_in(made("2", "dog"))["state"] == "done"
            await eventually(lambda: site.models()[one] == "live-test@2", within_s=60)
            bad = site.take_in(made("3", "cat"), damaged=True)
            assert (bad["state"], bad["code"]) == ("failed", "model_sha256")
            assert site.models()[one] == "live-test@2"

            chosen = client.put("/api/v1/model-default", json={"name": "live-test"})
            assert chosen.status_code == 200, chosen.text
            await eventually(
                lambda: {site.models()[each] for each in others} == {"live-test@2"}, within_s=60
            )
            refused = client.delete("/api/v1/models/live-test")
            assert (refused.status_code, refused.json()["code"]) == (409, "model_in_use")
        finally:
            client.put("/api/v1/model-default", json={"name": None})
            site.use(one, "")
            site.use(two, "")
        await eventually(lambda: set(site.models().values()) == {"moving-object@1"}, within_s=60)
        assert client.delete("/api/v1/models/live-test").status_code == 204
        # nothing was begun anew: the same processes, and every camera live since before
        assert hub.ready["roles"] == pids
        for key, camera in site.cameras().items():
            assert camera["status"]["state"] == "live"
            assert camera["status"]["since"] == before[key]["status"]["since"]
