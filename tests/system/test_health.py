"""A camera's life as the hub remembers it: it dies, is told of, returns, and is worked on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from camera_registry.base.clock import SystemClock, iso_to_us, us_to_iso
from ingest.simulator import CameraConfig, SimulatorConfig
from ingest.simulator.process import simulator_process
from tests.ingest import footage
from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(600)

ALARM_AFTER_S = 5
S = 1_000_000


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    quick = {"CAMHUB_ALARM_AFTER_S": str(ALARM_AFTER_S)}
    made = Hub(tmp_path / "data", demo=0, workers=1, environment=quick)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def read(hub: Hub, path: str) -> dict[str, Any]:
    with hub.client() as client:
        answer = client.get(f"/api/v1/{path}")
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body


def told(hub: Hub, kind: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = read(hub, f"events?kind={kind}")["items"]
    return events


async def test_a_camera_dies_returns_and_is_worked_on(hub: Hub, tmp_path: Path) -> None:
    film = footage.write_mp4(tmp_path / "film.mp4", frames=100)
    camera = CameraConfig("street", str(film))
    with simulator_process(SimulatorConfig((camera,), tmp_path)) as simulator:
        port, url = simulator.ready.port, simulator.ready.url("street")
        with hub.client() as client:
            body = {"name": "Cầu", "unit_code": "26740", "url": url}
            answer = client.post("/api/v1/cameras", json=body)
            assert answer.status_code == 201, answer.text
        mine = f"cameras/{answer.json()['id']}/health"
        await eventually(lambda: hub.all_live(1), within_s=60)

        worker = hub.pid("worker-0")
        os.kill(worker, signal.SIGKILL)
        await eventually(lambda: hub.pid("worker-0") != worker, within_s=60)
        await eventually(lambda: hub.all_live(1), within_s=60)

    await eventually(lambda: bool(told(hub, "camera_down")), within_s=60, what="it is told dead")
    (down,) = told(hub, "camera_down")
    assert (down["camera_name"], down["silenced"], down["snapshot"]) == ("Cầu", False, None)
    assert down["measured"]["dead_s"] >= ALARM_AFTER_S
    assert read(hub, mine)["dead_since"] == down["at"]
    (outage,) = read(hub, "health/outages")["items"]
    assert (outage["camera_name"], outage["dead_since"]) == ("Cầu", down["at"])

    again = SimulatorConfig((camera,), tmp_path, port=port)
    with simulator_process(again):
        await eventually(lambda: bool(told(hub, "camera_up")), within_s=60, what="it is told back")
        health = read(hub, mine)
        assert (health["dead_since"], health["flapping"]) == (None, False)
        assert read(hub, "health/outages")["items"] == []
        window = await announced(hub)

    def dead_for_long() -> bool:
        since = read(hub, mine)["dead_since"]
        age_us = SystemClock().utc_us() - iso_to_us(since) if since else 0
        return age_us > 2 * (ALARM_AFTER_S + 1) * S

    await eventually(dead_for_long, within_s=60, what="it is dead again")
    assert read(hub, mine)["maintenance"] is True
    assert len(told(hub, "camera_down")) == 1, "maintenance silences it"
    with hub.client() as client:
        assert client.delete(f"/api/v1/maintenance/{window}").status_code == 204
    await eventually(lambda: len(told(hub, "camera_down")) == 2, within_s=60, what="told then")
    assert not any(event["silenced"] for event in told(hub, "camera_down"))
    nothing_is_missing(hub, mine)


async def announced(hub: Hub) -> str:
    """Announce work on the camera's unit and return the window's id."""
    now = SystemClock().utc_us()
    body = {
        "target": "unit",
        "target_id": "26740",
        "begins": us_to_iso(now - S),
        "ends": us_to_iso(now + 600 * S),
        "reason": "thay nguồn",
    }
    with hub.client() as client:
        answer = client.post("/api/v1/maintenance", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def nothing_is_missing(hub: Hub, health: str) -> None:
    """The history has no hole from the first word of the camera until now."""
    changes = read(hub, f"{health}/changes")["items"]
    assert {"live", "offline"} <= {change["state"] for change in changes}
    for later, earlier in pairwise(changes):
        assert earlier["until"] == later["at"]
    found = read(hub, health)
    known_us = iso_to_us(found["until"]) - iso_to_us(changes[-1]["at"])
    assert found["uptime"]["known_s"] == pytest.approx(known_us / S, abs=0.2)
    assert found["uptime"]["falls"] >= 2
