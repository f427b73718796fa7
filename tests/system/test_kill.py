"""SIGKILL of any one role: the rest goes on, it comes back, no event is missing or doubled."""

from __future__ import annotations

import os
import signal

import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from tests.system.hub import Hub
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(600)


async def streamed_ids(hub: Hub) -> set[str]:
    """The id of every event that the stream holds, read from nats-server itself."""
    bus = await NatsBus.connect(hub.nats_url(), name="test")
    try:
        raw = bus._js
        info = await raw.stream_info(subjects.EVENTS_STREAM)
        ids = set()
        for sequence in range(info.state.first_seq, info.state.last_seq + 1):
            message = await raw.get_msg(subjects.EVENTS_STREAM, sequence)
            assert message.headers is not None
            ids.add(message.headers["Nats-Msg-Id"])
        return ids
    finally:
        await bus.close()


async def nothing_is_missing_and_nothing_doubled(hub: Hub) -> None:
    async def all_recorded() -> bool:
        return await streamed_ids(hub) == set(hub.event_ids())

    await eventually(all_recorded, within_s=60, what="every streamed event is recorded")
    recorded = hub.event_ids()
    assert recorded
    assert len(recorded) == len(set(recorded))


@pytest.mark.parametrize("role", ["worker-0", "gateway", "api", "nats"])
async def test_a_killed_role_comes_back_and_no_event_is_lost(hub: Hub, role: str) -> None:
    await eventually(lambda: hub.all_live(4), within_s=60)
    before = dict(hub.ready["roles"])
    seen = len(hub.event_ids())
    os.kill(before[role], signal.SIGKILL)
    await eventually(lambda: hub.pid(role) != before[role], within_s=60)
    after = dict(hub.ready["roles"])
    assert {name: pid for name, pid in after.items() if name != role} == {
        name: pid for name, pid in before.items() if name != role
    }
    await eventually(lambda: hub.all_live(4), within_s=60)
    await eventually(lambda: len(hub.event_ids()) > seen, within_s=60, what="new events come")
    await nothing_is_missing_and_nothing_doubled(hub)


async def test_what_workers_built_is_what_was_recorded(hub: Hub) -> None:
    """Counted at the source: events built since the workers' start, against the records."""
    built = 0.0
    recorded = 0

    async def equal() -> bool:
        nonlocal built, recorded
        workers = ("worker-0", "worker-1")
        built = sum(hub.metric(worker, "camhub_events_built_total") for worker in workers)
        spooled = sum(hub.metric(worker, "camhub_spool_sent_total") for worker in workers)
        failed = sum(hub.metric(worker, "camhub_spool_failed_total") for worker in workers)
        recorded = len(await streamed_ids(hub))
        return built > 0 and failed == 0 and built <= spooled <= recorded

    await eventually(equal, within_s=60)
    await nothing_is_missing_and_nothing_doubled(hub)


async def test_a_cameras_password_is_written_nowhere(hub: Hub) -> None:
    """A canary goes in by the API and must not be found in any file, log, metric or answer."""
    canary = "kanarie-7Qx"
    body = {
        "name": "Canary",
        "unit_code": "26743",
        "url": f"rtsp://viewer:{canary}@127.0.0.1:1/x",
    }
    with hub.client() as client:
        made = client.post("/api/v1/cameras", json=body)
        assert made.status_code == 201
        camera = f"/api/v1/cameras/{made.json()['id']}"
        try:
            await eventually(
                lambda: client.get(camera).json()["status"]["reason_code"] == "refused",
                within_s=60,
            )
            wrong = client.patch(camera, json={"url": f"rtsp://u:{canary}@/", "x": canary})
            assert wrong.status_code == 422
            answers = [made.text, wrong.text, client.get(camera).text]
            answers += [client.get("/api/v1/cameras").text, client.get("/metrics").text]
        finally:
            assert client.delete(camera).status_code == 204
    assert not [answer for answer in answers if canary in answer]
    found = [
        file
        for file in hub.data.rglob("*")
        if file.is_file() and canary.encode() in file.read_bytes()
    ]
    assert found == []
    assert canary not in hub.output()


async def test_ctrl_c_ends_every_process_within_ten_seconds(hub: Hub) -> None:
    assert hub.stop() < 10
    assert not hub.ready_file.exists()
    hub.start()
    await eventually(lambda: hub.all_live(4), within_s=60)
    assert hub.ready["setup_link"] is not None
