"""Rules written over the API are those that a running camera is watched by."""

from __future__ import annotations

import os
import signal
import sqlite3
from typing import Any

import pytest

from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(600)

RULES = {
    "rules": [
        {
            "kind": "line_cross",
            "id": "line",
            "line": {"id": "middle", "a": [0, 0.5], "b": [1, 0.5]},
        },
        {"kind": "crowd", "id": "anybody", "above": 0, "for_s": 0, "count_only": True},
    ]
}


async def test_new_rules_are_at_work_within_seconds(hub: Hub) -> None:
    await eventually(lambda: hub.all_live(4), within_s=60)
    with hub.client() as client:
        cameras = client.get("/api/v1/cameras").json()["items"]
        camera = next(one for one in cameras if one["url"].endswith("/cam01"))
        path = f"/api/v1/cameras/{camera['id']}/rules"
        written = client.put(path, json={"version": 0, "document": RULES})
        assert written.status_code == 200, written.text

        def told() -> list[dict[str, Any]]:
            answer = client.get("/api/v1/events", params={"camera": camera["id"], "limit": 200})
            return [one for one in answer.json()["items"] if one["rule"] in ("line", "anybody")]

        await eventually(
            lambda: {"line_cross", "crowd"} <= {one["kind"].rsplit("_", 1)[0] for one in told()},
            within_s=90,
            what="both rules have spoken",
        )
        for one in told():
            assert one["rule_version"] == 1
            counted = one["kind"] == "crowd"
            assert (one["snapshot"] is None) == counted
            assert (one["track_id"] == 0) == counted
        back = client.put(path, json={"version": 1, "document": None})
        assert back.json()["default"] is True

        def counted() -> set[str]:
            answer = client.get(f"/api/v1/cameras/{camera['id']}/counts", params={"step": "minute"})
            return {one["measure"] for one in answer.json()["items"]}

        # the change ended the old rules, which hand over the minute that was still open
        await eventually(
            lambda: counted() == {"crossings", "occupancy"}, within_s=60, what="counts are kept"
        )


async def test_what_was_counted_in_the_open_minute_outlives_a_killed_worker(hub: Hub) -> None:
    """The batch that a worker kept beside its work is in the database after it was killed."""
    await eventually(lambda: hub.all_live(4), within_s=60)
    with hub.client() as client:
        camera = client.get("/api/v1/cameras").json()["items"][0]["id"]
        path = f"/api/v1/cameras/{camera}/rules"
        version = client.get(path).json()["version"]
        written = client.put(path, json={"version": version, "document": RULES})
        assert written.status_code == 200, written.text
        spool = hub.data / "spool"
        await eventually(lambda: any(spool.rglob("*.open")), within_s=60, what="a minute is open")
        (kept, *_) = spool.rglob("*.open")
        batch, worker = kept.stem, kept.parent.name
        os.kill(hub.pid(worker), signal.SIGKILL)
        database = sqlite3.connect(f"file:{hub.data / 'camhub.db'}?mode=ro", uri=True)
        try:
            find = "select count(*) from counts where batch_id = ? and measure = 'occupancy'"
            await eventually(
                lambda: database.execute(find, (batch,)).fetchone()[0] == 2,
                within_s=60,
                what="what was open is counted",
            )
        finally:
            database.close()
        back = client.put(path, json={"version": version + 1, "document": None})
        assert back.status_code == 200, back.text
