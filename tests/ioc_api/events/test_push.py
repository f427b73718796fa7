"""The event stream on a real server: order, resuming, scopes, rights, slow clients."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from analytics.events import Event
from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import UnavailableError
from camera_registry.model import CameraState, State
from camera_registry.records import NewCamera
from camera_registry.scope import Scope
from ioc_api.access.auth import SESSION_COOKIE
from ioc_api.access.rbac import Grant, Role
from ioc_api.events.push import PAGE, PushLimits
from ioc_api.events.recorder import Recorder
from ioc_api.events.records import NewRecord
from tests.ioc_api.hub import PASSWORD, UNIT_A, UNIT_B, Hub, hub
from tests.ioc_api.samples import event, message
from tests.waiting import eventually

LIMITS = PushLimits(keep_alive_s=0.2, recheck_s=0.2, send_s=0.5, streams_per_principal=3)
HERE = Scope.of([UNIT_A])
Item = tuple[str, str, dict[str, Any]]


class Reader:
    """What a browser's EventSource would hand out, in order."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self, kind: str = "") -> Item:
        """Return the next message (id, event, data), of ``kind`` if given."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(60):
            async for line in self._lines:
                if line.startswith(":"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    if not kind or fields["event"] == kind:
                        return fields.get("id", ""), fields["event"], json.loads(fields["data"])
                    fields = {}
        raise EOFError

    async def idle(self) -> None:
        """Wait for a keep-alive: what was there to be sent has been sent."""
        async with asyncio.timeout(60):
            async for line in self._lines:
                if line.startswith(":"):
                    return
        raise EOFError

    async def ended(self) -> None:
        """Wait for the server to end the stream."""
        while True:
            try:
                await self.next()
            except EOFError:
                return


class Site:
    def __init__(self, api: Hub, port: int, bus: NatsBus) -> None:
        self.api, self.port, self.bus = api, port, bus

    async def record(self, *values: Event) -> None:
        now = SystemClock().utc_us()
        await self.api.events.record([NewRecord(value, now, "") for value in values], [])
        await self.bus.publish(subjects.EVENT_RECORDED, b"")

    async def report(self, camera_id: str, unit: str = UNIT_A) -> None:
        now = SystemClock().utc_us()
        state = CameraState(camera_id, unit, State.LIVE, "ok", "Live", now, now, now)
        await self.bus.bucket(subjects.STATES_BUCKET).put(camera_id, msgspec.msgpack.encode(state))

    @asynccontextmanager
    async def stream(
        self, token: str = "", last: str = "", cookie: str = ""
    ) -> AsyncIterator[Reader]:
        headers = {"Last-Event-ID": last} if last else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if cookie:
            headers["Cookie"] = f"{SESSION_COOKIE}={cookie}"
        async with (
            httpx.AsyncClient(timeout=20) as client,
            client.stream(
                "GET", f"http://127.0.0.1:{self.port}/api/v1/stream", headers=headers
            ) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            yield Reader(answer.aiter_lines())


@pytest.fixture
async def site(tmp_path: Path, bus: NatsBus, engine: str) -> AsyncIterator[Site]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    async with hub(tmp_path, bus, limits=LIMITS) as api:
        await api.deps.states.start()
        await api.deps.push.start()
        server = uvicorn.Server(
            uvicorn.Config(api.app, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
        )
        serving = asyncio.create_task(server.serve([listener]))
        await eventually(lambda: server.started)
        yield Site(api, listener.getsockname()[1], bus)
        await api.deps.push.stop()
        server.should_exit = True
        await serving
        await api.deps.states.stop()


async def test_hello_then_states_then_events_as_they_come(site: Site) -> None:
    camera = await site.api.deps.registry.add(
        NewCamera("n", UNIT_A, "rtsp://10.0.0.1/"), Scope.all()
    )
    await site.record(event())
    async with site.stream(await site.api.token(Role.OPERATOR, HERE)) as reader:
        assert await reader.next() == ("1", "hello", {"seq": 1, "resumed": False})
        _, kind, data = await reader.next()
        assert (kind, data["camera_id"], data["reason_code"]) == ("state", camera.id, "no_worker")
        value = event()
        await site.record(value)
        seq, kind, data = await reader.next()
        assert (seq, kind, data["id"], data["seq"]) == ("2", "event", value.id, 2)
        await site.report(camera.id)
        _, kind, data = await reader.next()
        assert (kind, data["state"]) == ("state", "live")
        await eventually(lambda: site.api.deps.push.clients == 1)
    await eventually(lambda: site.api.deps.push.clients == 0)


async def test_values_of_an_event_come_out_of_stream_and_page_as_the_rule_measured_them(
    engine: str, site: Site
) -> None:
    assert site.api.database.dialect == engine
    measured = {"wait_s": 900.204, "mean_wait_s": 1 / 3, "waiting": 4.0}
    value, plain = event(kind="queue_wait", measured=measured), event()
    recorder = Recorder(
        site.bus, site.api.events, site.api.blobs, site.api.deps.units, SystemClock()
    )
    token = await site.api.token(Role.OPERATOR)
    async with site.stream(token) as reader:
        assert (await reader.next())[1] == "hello"
        for one in (value, plain):
            subject, body = message(one)
            await site.bus.append(subject, body, message_id=one.id)
        await recorder.run_once()
        told = [(await reader.next())[2] for _ in range(2)]
    assert [(one["id"], one["measured"]) for one in told] == [
        (value.id, measured),
        (plain.id, None),
    ]
    async with site.api.client(token) as client:
        page = (await client.get("/api/v1/events")).json()["items"]
        alone = (await client.get(f"/api/v1/events/{value.id}")).json()
    assert [one["measured"] for one in page] == [None, measured]
    assert alone["measured"] == measured


async def test_a_client_that_comes_back_misses_nothing_and_sees_nothing_twice(site: Site) -> None:
    token = await site.api.token(Role.OPERATOR)
    values = [event() for _ in range(2 * PAGE + 5)]
    await site.record(*values[:10])
    async with site.stream(token, last="4") as reader:
        assert (await reader.next())[2] == {"seq": 4, "resumed": True}
        seen = [(await reader.next("event"))[2]["id"] for _ in range(6)]
    assert seen == [value.id for value in values[4:10]]
    await site.record(*values[10:])
    async with site.stream(token, last="10") as reader:
        more = [await reader.next("event") for _ in range(len(values) - 10)]
    assert [item[2]["id"] for item in more] == [value.id for value in values[10:]]
    assert [item[0] for item in more] == [str(n) for n in range(11, len(values) + 1)]


async def test_a_lost_notice_only_delays(site: Site) -> None:
    async with site.stream(await site.api.token(Role.OPERATOR)) as reader:
        await reader.next("hello")
        await reader.idle()
        value = event()
        await site.api.events.record([NewRecord(value, value.emitted_us, "")], [])
        assert (await reader.next("event"))[2]["id"] == value.id


async def test_an_id_from_another_database_begins_anew(site: Site) -> None:
    await site.record(event())
    async with site.stream(await site.api.token(Role.OPERATOR), last="900") as reader:
        assert (await reader.next())[2] == {"seq": 1, "resumed": False}


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 20, "٣", "1" * 21])
async def test_a_hostile_last_event_id_is_refused(site: Site, last: str) -> None:
    headers = [
        (b"Authorization", f"Bearer {await site.api.token(Role.OPERATOR)}".encode()),
        (b"Last-Event-ID", last.encode()),
    ]
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{site.port}/api/v1/stream", headers=headers)
    assert answer.status_code == 422


async def test_nothing_of_another_unit_is_sent(site: Site) -> None:
    registry = site.api.deps.registry
    own = await registry.add(NewCamera("own", UNIT_A, "rtsp://10.0.0.1/"), Scope.all())
    other = await registry.add(NewCamera("other", UNIT_B, "rtsp://10.0.0.2/"), Scope.all())
    token = await site.api.token(Role.OPERATOR, HERE)
    seen: list[Item] = []
    async with site.stream(token, last="0") as reader:
        await site.record(event(unit_code=UNIT_B), event(unit_code=UNIT_B))
        await site.report(other.id, UNIT_B)
        await site.report(own.id)
        last = event()
        await site.record(last)
        while not seen or seen[-1][2].get("id") != last.id:
            seen.append(await reader.next())
    text = json.dumps(seen)
    assert other.id not in text
    assert UNIT_B not in text
    assert [item[0] for item in seen if item[1] == "event"] == ["3"]


async def test_a_revoked_token_ends_the_stream(site: Site) -> None:
    row, secret = await site.api.deps.tokens.create(
        "t", [Grant(Role.OPERATOR, Scope.all())], Scope.all()
    )
    async with site.stream(secret) as reader:
        await reader.next("hello")
        await site.api.deps.tokens.revoke(row.id, Scope.all())
        await reader.ended()


async def test_a_session_that_ends_closes_its_stream(site: Site) -> None:
    account = await site.api.deps.accounts.create(
        "an", PASSWORD, "", [Grant(Role.OPERATOR, Scope.all())], Scope.all()
    )
    secret = await site.api.deps.authenticator.open_session(account.id)
    async with site.stream(cookie=secret) as reader:
        await reader.next("hello")
        await site.api.deps.accounts.remove(account.id, Scope.all())
        await reader.ended()


async def test_one_account_cannot_open_streams_without_end(site: Site) -> None:
    token = await site.api.token(Role.OPERATOR)
    # The readers are held: one that is collected would close its stream.
    readers = []
    async with AsyncExitStack() as stack:
        for _ in range(LIMITS.streams_per_principal):
            readers.append(await stack.enter_async_context(site.stream(token)))
            await readers[-1].next("hello")
        url = f"http://127.0.0.1:{site.port}/api/v1/stream"
        async with httpx.AsyncClient() as client:
            answer = await client.get(url, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 429
        async with site.stream(await site.api.token(Role.OPERATOR)) as other:
            await other.next("hello")


async def test_the_end_of_the_api_ends_the_streams(site: Site) -> None:
    async with site.stream(await site.api.token(Role.OPERATOR)) as reader:
        await reader.next("hello")
        await site.api.deps.push.stop()
        await reader.ended()
    token = await site.api.token(Role.OPERATOR)
    who = await site.api.deps.authenticator.from_request({"authorization": f"Bearer {token}"}, {})
    with pytest.raises(UnavailableError):
        await site.api.deps.push.open(who, None)


async def test_a_client_that_takes_nothing_is_let_go_and_slows_nobody(site: Site) -> None:
    token = await site.api.token(Role.OPERATOR)
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.connect(("127.0.0.1", site.port))
    stuck.sendall(
        b"GET /api/v1/stream HTTP/1.1\r\nHost: hub\r\nLast-Event-ID: 0\r\n"
        b"Authorization: Bearer " + token.encode() + b"\r\n\r\n"
    )
    push = site.api.deps.push
    await eventually(lambda: push.clients == 1)
    async with site.stream(token) as reader:
        await reader.next("hello")
        await eventually(lambda: push.clients == 2)
        for _ in range(20):
            fresh = [event(label="x" * 180, zone="y" * 180, rule="z" * 180) for _ in range(PAGE)]
            await site.record(*fresh)
            seen = [(await reader.next("event"))[2]["id"] for _ in fresh]
            assert seen == [value.id for value in fresh]
        await eventually(lambda: push.clients == 1, what="the stuck client is let go")
    stuck.close()
