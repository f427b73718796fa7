"""A whole hub on PostgreSQL, as its user starts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.databases import POSTGRESQL, fresh_url
from tests.system.hub import Hub


@pytest.mark.parametrize("engine", [POSTGRESQL], indirect=True)
async def test_a_whole_hub_runs_on_postgresql(tmp_path: Path, engine: str) -> None:
    url = await fresh_url(tmp_path)
    hub = Hub(tmp_path / "data", demo=1, workers=1, environment={"CAMHUB_DATABASE_URL": url})
    hub.start()
    try:
        with hub.client() as client:
            camera = client.get("/api/v1/cameras").json()["items"][0]
            path = f"/api/v1/cameras/{camera['id']}"
            changed = client.patch(path, json={"name": "Ngã tư Thủ Đức", "class": "traffic"})
            assert changed.status_code == 200, changed.text
            found = client.get("/api/v1/cameras", params={"q": "thu duc"}).json()["items"]
            assert [each["id"] for each in found] == [camera["id"]]
            versions = client.get(f"{path}/versions").json()["items"]
            assert versions[0]["actor_name"] == "token:test"
        assert not (hub.data / "camhub.db").exists()
        shown = hub.run("cameras", "show", camera["id"])
        assert "Ngã tư Thủ Đức" in shown.stdout
    finally:
        hub.stop()
