"""Rules written over the API are those that a running camera is watched by."""

from __future__ import annotations

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
