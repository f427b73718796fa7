"""The wall's WebSocket through a real server and a client that is not ours."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from camera_registry.base.bus import Bus
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.model import State
from ingest.packets import Packet
from ioc_api.access.rbac import Role
from ioc_api.live import protocol
from ioc_api.live.queues import QueueLimits
from tests.ioc_api.live.gateway import LIMITS, OTHER_UNIT, TOKEN, UNIT, Gateway, running
from tests.ioc_api.live.studio import Studio, clip, register, report
from tests.waiting import eventually

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Frame:
    """A binary message taken apart."""

    tile: int
    seq: int
    keyframe: bool
    capture_us: int
    arrival_us: int
    sent_us: int
    data: bytes


@dataclass
class Wall:
    """A client that keeps what it is told."""

    socket: ClientConnection
    texts: list[dict[str, Any]] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    closed: int | None = None
    reading: asyncio.Task[None] | None = None

    async def watch(self, tiles: dict[int, str]) -> None:
        wanted = [{"tile": tile, "camera": camera} for tile, camera in tiles.items()]
        await self.socket.send(json.dumps({"type": "watch", "tiles": wanted}))

    async def read(self) -> None:
        try:
            async for message in self.socket:
                self._take(message)
        except ConnectionClosed:
            pass
        self.closed = self.socket.close_code

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.texts.append(json.loads(message))
            self.order.append(self.texts[-1]["type"])
            return
        version, flags, tile, seq, capture, arrival, sent = protocol.HEADER.unpack(message[:32])
        assert version == 1
        self.frames.append(Frame(tile, seq, bool(flags & 1), capture, arrival, sent, message[32:]))
        self.order.append("frame")

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [text for text in self.texts if text["type"] == kind]


async def wall(gateway: Gateway, **options: Any) -> Wall:
    options.setdefault("additional_headers", BEARER)
    opened = Wall(await connect(f"ws://{gateway.host}/live/ws", max_size=None, **options))
    opened.reading = asyncio.create_task(opened.read())
    return opened


async def leave(*walls: Wall) -> None:
    for each in walls:
        await each.socket.close()
        assert each.reading is not None
        await each.reading


async def test_frames_begin_with_the_buffered_keyframe_and_are_the_cameras_bytes(
    gateway: Gateway, studio: Studio
) -> None:
    packets = clip(30, gop=50)
    studio.hold = packets[:10]
    first = await wall(gateway)
    await first.watch({7: studio.camera_id})
    await eventually(lambda: len(first.frames) == 10)
    await studio.send(packets[10:])
    await eventually(lambda: len(first.frames) == 30)
    assert [frame.data for frame in first.frames] == [packet.data for packet in packets]
    assert [frame.keyframe for frame in first.frames] == [packet.keyframe for packet in packets]
    assert [frame.capture_us for frame in first.frames] == [packet.utc_us for packet in packets]
    assert {frame.tile for frame in first.frames} == {7}
    assert first.order[0] == "tile"
    assert first.told("tile") == [
        {
            "type": "tile",
            "tile": 7,
            "camera": studio.camera_id,
            "codec": "avc1.42C01F",
            "width": 320,
            "height": 180,
        }
    ]
    second = await wall(gateway)
    await second.watch({0: studio.camera_id, 1: studio.camera_id})
    await eventually(lambda: len(second.frames) == 60)
    for tile in (0, 1):
        assert [frame.seq for frame in second.frames if frame.tile == tile] == list(range(30))
    await leave(first, second)


async def test_a_watch_message_replaces_the_last_and_the_hub_lets_go(
    gateway: Gateway, studio: Studio
) -> None:
    studio.hold = clip(5)
    client = await wall(gateway)
    await client.watch({0: studio.camera_id})
    await eventually(lambda: len(client.frames) == 5)
    await client.watch({0: studio.camera_id})
    await client.watch({1: studio.camera_id})
    await eventually(lambda: len(client.frames) == 10)
    assert [frame.tile for frame in client.frames] == [0] * 5 + [1] * 5
    await client.watch({})
    await eventually(lambda: not gateway.hub.cameras)
    await leave(client)


async def test_new_size_is_told_before_its_first_frame(gateway: Gateway, studio: Studio) -> None:
    studio.hold = clip(3)
    client = await wall(gateway)
    await client.watch({0: studio.camera_id})
    await eventually(lambda: len(client.frames) == 3)
    await studio.send([replace(packet, epoch=2) for packet in clip(2, size=(640, 360))])
    await eventually(lambda: len(client.frames) == 5)
    assert client.order == ["tile", *["frame"] * 3, "tile", *["frame"] * 2]
    assert client.told("tile")[1]["width"] == 640
    await leave(client)


async def test_mjpeg_says_so(gateway: Gateway, studio: Studio) -> None:
    head = clip(1)[0]
    studio.hold = [replace(head, info=replace(head.info, codec="mjpeg", codec_string=""))]
    client = await wall(gateway)
    await client.watch({0: studio.camera_id})
    await eventually(lambda: len(client.frames) == 1)
    assert client.told("tile")[0]["codec"] == "mjpeg"
    await leave(client)


async def test_a_slow_reader_is_moved_on_and_told_while_a_fast_one_gets_everything(
    bus: Bus,
) -> None:
    limits = replace(LIMITS, queue=QueueLimits(tile_bytes=2_000_000, seconds=60))
    async with running(bus, limits) as gateway:
        camera = new_id(SystemClock().utc_us())
        await register(bus, camera, UNIT)
        await eventually(lambda: gateway.directory.unit_of(camera) is not None)
        studio = Studio(bus, camera)
        await studio.start()
        fast = await wall(gateway)
        slow = Wall(
            await connect(
                f"ws://{gateway.host}/live/ws",
                additional_headers=BEARER,
                max_size=None,
                max_queue=1,
            )
        )
        await fast.watch({0: camera})
        await slow.watch({0: camera})
        await eventually(lambda: len(studio.demands) > 0)
        units = _heavy(clip(25, gop=25), count=250)
        for start in range(0, len(units), 10):
            await studio.send(units[start : start + 10])
            await eventually(lambda upto=start + 10: len(fast.frames) == upto)  # type: ignore[misc]
        assert [frame.seq for frame in fast.frames] == list(range(250))
        assert not fast.told("skipped")
        slow.reading = asyncio.create_task(slow.read())
        tail = [replace(packet, seq=250 + packet.seq) for packet in clip(25, gop=25)]
        await studio.send(tail)
        await eventually(lambda: bool(slow.frames) and slow.frames[-1].seq == 274)
        for before, after in zip([None, *slow.frames], slow.frames, strict=False):
            assert after.keyframe or (before is not None and after.seq == before.seq + 1)
        missing = 275 - len(slow.frames)
        assert missing > 0
        assert sum(text["frames"] for text in slow.told("skipped")) == missing
        await leave(fast, slow)
        await studio.stop()


def _heavy(packets: list[Packet], count: int) -> list[Packet]:
    """A longer stream of units of 100 kB, so that a socket's buffers fill."""
    return [
        replace(packet, seq=seq, data=packet.data + b"\x00" * 100_000)
        for seq, packet in ((n, packets[n % len(packets)]) for n in range(count))
    ]


async def test_denied_tiles_say_why_and_the_others_run(
    bus: Bus, gateway: Gateway, studio: Studio
) -> None:
    foreign, unknown = new_id(2), new_id(3)
    await register(bus, foreign, OTHER_UNIT)
    await eventually(lambda: gateway.directory.unit_of(foreign) is not None)
    studio.hold = clip(3)
    client = await wall(gateway)
    await client.watch({0: studio.camera_id, 1: foreign, 2: unknown})
    await eventually(lambda: len(client.frames) == 3 and len(client.told("denied")) == 2)
    assert {(text["tile"], text["code"]) for text in client.told("denied")} == {
        (1, "forbidden"),
        (2, "not_found"),
    }
    assert gateway.hub.cameras == {studio.camera_id}
    await leave(client)


async def test_a_lost_right_ends_the_tile_and_a_new_one_starts_it(
    gateway: Gateway, studio: Studio
) -> None:
    studio.hold = clip(3)
    client = await wall(gateway)
    await client.watch({0: studio.camera_id})
    await eventually(lambda: len(client.frames) == 3)
    gateway.accounts.units = frozenset({OTHER_UNIT})
    await eventually(lambda: len(client.told("denied")) == 1)
    await eventually(lambda: not gateway.hub.cameras)
    gateway.accounts.units = frozenset({UNIT})
    await eventually(lambda: len(client.frames) == 6)
    await leave(client)


async def test_a_revoked_session_is_closed(gateway: Gateway, studio: Studio) -> None:
    client = await wall(gateway)
    await client.watch({0: studio.camera_id})
    await eventually(lambda: bool(gateway.hub.cameras))
    gateway.accounts.valid = False
    await eventually(lambda: client.closed == 4401)
    await eventually(lambda: not gateway.hub.cameras)


async def test_a_role_without_live_view_is_closed(gateway: Gateway) -> None:
    gateway.accounts.role = Role.AUDITOR
    client = await wall(gateway)
    await eventually(lambda: client.closed == 4403)


async def test_nobody_signed_in_is_closed(gateway: Gateway) -> None:
    client = await wall(gateway, additional_headers={})
    await eventually(lambda: client.closed == 4401)


async def test_states_of_watched_cameras_are_told(
    bus: Bus, gateway: Gateway, studio: Studio
) -> None:
    await report(bus, studio.camera_id, UNIT, State.CONNECTING)
    await eventually(lambda: gateway.states.state_of(studio.camera_id) is not None)
    client = await wall(gateway)
    await client.watch({0: studio.camera_id})
    await eventually(lambda: len(client.told("state")) == 1)
    await report(bus, new_id(4), UNIT, State.OFFLINE)
    await report(bus, studio.camera_id, UNIT, State.LIVE)
    await eventually(lambda: len(client.told("state")) == 2)
    told = client.told("state")
    assert [text["state"] for text in told] == ["connecting", "live"]
    assert told[1]["camera"] == studio.camera_id
    assert told[1]["since"].endswith("Z")
    await leave(client)


@pytest.mark.parametrize(
    ("origin", "cookie", "opens"),
    [
        ("http://{host}", True, True),
        ("https://wall.example", True, True),
        ("https://evil.example", True, False),
        ("https://evil.example", False, False),
        ("null", True, False),
        ("http://[", True, False),
        (None, True, False),
        (None, False, True),
    ],
)
async def test_only_our_own_pages_may_connect(
    gateway: Gateway, origin: str | None, cookie: bool, opens: bool
) -> None:
    headers = {"Cookie": f"camhub_session={TOKEN}"} if cookie else dict(BEARER)
    if origin is not None:
        headers["Origin"] = origin.format(host=gateway.host)
    if opens:
        await leave(await wall(gateway, additional_headers=headers))
        return
    with pytest.raises(InvalidStatus) as refused:
        await wall(gateway, additional_headers=headers)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '{"type":"watch"}',
        '{"type":"other","tiles":[]}',
        '{"type":"watch","tiles":[{"tile":"0","camera":"x"}]}',
        '{"type":"watch","tiles":[{"tile":0,"camera":"*"}]}',
        '{"type":"watch","tiles":[{"tile":70000,"camera":"01890000-0000-7000-8000-000000000000"}]}',
        '{"type":"watch","tiles":[{"tile":1e400,"camera":"\ud800"}]}',
        "[" * 9000,
        json.dumps({"type": "watch", "tiles": [{"tile": 1, "camera": new_id(1)}] * 2}),
        json.dumps(
            {"type": "watch", "tiles": [{"tile": n, "camera": new_id(1)} for n in range(5)]}
        ),
    ],
)
async def test_hostile_messages_are_answered(gateway: Gateway, studio: Studio, text: str) -> None:
    studio.hold = clip(2)
    client = await wall(gateway)
    await client.socket.send(text.encode("utf-8", "replace").decode())
    await eventually(lambda: len(client.told("error")) == 1)
    assert client.told("error")[0]["detail"]
    await client.watch({0: studio.camera_id})
    await eventually(lambda: len(client.frames) == 2)
    await leave(client)


@pytest.mark.parametrize(
    ("message", "code"), [(b"binary", 1003), ("x" * (protocol.MAX_MESSAGE + 1), 1009)]
)
async def test_what_is_no_message_closes(gateway: Gateway, message: str | bytes, code: int) -> None:
    client = await wall(gateway)
    await client.socket.send(message)
    await eventually(lambda: client.closed == code)


async def test_a_flood_of_messages_closes(gateway: Gateway) -> None:
    client = await wall(gateway)
    for _ in range(100):
        await client.watch({})
    await eventually(lambda: client.closed == 1008)


async def test_too_many_sockets_of_one_principal(gateway: Gateway) -> None:
    walls = [await wall(gateway) for _ in range(LIMITS.sockets_per_principal)]
    refused = await wall(gateway)
    await eventually(lambda: refused.closed == 1013)
    await leave(*walls)
    await eventually(lambda: not gateway.hub.cameras)
