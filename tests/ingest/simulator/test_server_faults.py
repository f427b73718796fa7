"""What each fault does to those who watch, and that all is well when it is cleared."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import av
import pytest

from ingest.simulator import Fault, Ready
from ingest.simulator.nal import Codec
from tests.ingest.simulator.client import RtpPacket, RtspClient, depacketise
from tests.ingest.simulator.conftest import Start, small
from tests.ingest.simulator.test_server import decode


async def control(
    ready: Ready, method: str, path: str, body: Mapping[str, object] | None = None
) -> tuple[int, dict[str, object]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", ready.control_port)
    data = json.dumps(body).encode() if body is not None else b""
    writer.write(
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n".encode()
        + data
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, text = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(text)


async def put(ready: Ready, kind: str, **more: float) -> None:
    status, body = await control(ready, "POST", "/cameras/cam/fault", {"fault": kind, **more})
    assert status == 200, body
    assert isinstance(body["fault"], dict)


async def clear(ready: Ready) -> None:
    status, body = await control(ready, "DELETE", "/cameras/cam/fault")
    assert status == 200
    assert body["fault"] is None


def nals_of(picture: list[RtpPacket]) -> list[bytes]:
    return depacketise(Codec.H264, [packet.payload for packet in picture])


async def closed(client: RtspClient) -> bool:
    """Read until the connection ends."""
    async with asyncio.timeout(60):
        try:
            while await client.reader.read(65_536):
                pass
        except ConnectionError:
            return True
    return True


async def plays(ready: Ready) -> bool:
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        pictures = await client.pictures(12)
    return len({tuple(nals_of(picture)[-1:]) for picture in pictures}) == 10


async def test_refuse_on_a_port_of_its_own(start: Start) -> None:
    ready = await start(small("cam", own_port=True), small("other"))
    assert ready.own_ports["cam"] != ready.port
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        await put(ready, "refuse")
        assert await closed(client)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", ready.own_ports["cam"])
    async with RtspClient(ready.url("other")) as client:
        assert (await client.ask("DESCRIBE")).status == 200
    await clear(ready)
    assert await plays(ready)


async def test_refuse_on_the_shared_port(start: Start) -> None:
    ready = await start(small("cam"), small("other"))
    await put(ready, "refuse")
    async with RtspClient(ready.url("cam")) as client:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.ask("DESCRIBE")
    async with RtspClient(ready.url("other")) as client:
        assert (await client.ask("DESCRIBE")).status == 200
    await clear(ready)
    assert await plays(ready)


async def test_wrong_password(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        await put(ready, "wrong_password")
        assert await closed(client)
    async with RtspClient(ready.url("cam")) as client:
        assert (await client.ask("DESCRIBE")).status == 401
    await clear(ready)
    assert await plays(ready)


async def test_stall(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        before = (await client.pictures(1))[0][-1]
        await put(ready, "stall")
        # Asking twice brings all that was sent before the fault, and the connection answers still.
        assert (await client.ask("GET_PARAMETER")).status == 200
        await asyncio.sleep(1.0)
        answer = asyncio.create_task(client.ask("GET_PARAMETER"))
        assert (await answer).status == 200
        await clear(ready)
        after = (await client.pictures(1))[0]
        # It goes on with a keyframe, a whole second of the clock later.
        assert nals_of(after)[0][0] & 0x1F == 7
        assert (after[0].timestamp - before.timestamp) % 2**32 >= 90_000


async def test_drop(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        await put(ready, "drop", amount=0.1)
        assert await closed(client)
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        assert await closed(client)
    await clear(ready)
    assert await plays(ready)


async def test_garbage(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        await client.pictures(1)
        await put(ready, "garbage")
        with pytest.raises(AssertionError):
            await client.pictures(50)
    await clear(ready)
    assert await plays(ready)


async def test_no_parameter_sets(start: Start) -> None:
    ready = await start(small("cam", fault=Fault.of("no_parameter_sets")))
    async with RtspClient(ready.url("cam")) as client:
        assert b"sprop" not in (await client.ask("DESCRIBE")).body
        await client.play_tcp()
        kinds = {nal[0] & 0x1F for picture in await client.pictures(12) for nal in nals_of(picture)}
        assert 5 in kinds
        assert not kinds & {7, 8}
        await clear(ready)
        while all(nal[0] & 0x1F != 7 for nal in nals_of((await client.pictures(1))[0])):
            pass
    assert await plays(ready)


@pytest.mark.parametrize(("kind", "sign"), [("jump_forward", 1), ("jump_back", -1)])
async def test_jump(start: Start, kind: str, sign: int) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()

        async def leap(last: int) -> int:
            """Return the first step of the time stamps that is not one picture, in 1/90000 s."""
            while True:
                now = (await client.pictures(1))[0][0].timestamp
                step = (now - last + 2**31) % 2**32 - 2**31
                if step != 3600:
                    return step
                last = now

        last = (await client.pictures(1))[0][0].timestamp
        await put(ready, kind, amount=100)
        assert await leap(last) == sign * 100 * 90_000 + 3600
        last = (await client.pictures(1))[0][0].timestamp
        await clear(ready)
        assert await leap(last) == -sign * 100 * 90_000 + 3600


class Sink(asyncio.DatagramProtocol):
    """Counts the RTP packets that come and those that are missing between them."""

    def __init__(self) -> None:
        self.sequences: list[int] = []
        self.enough = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.sequences.append(RtpPacket.parse(data).sequence)
        if len(self.sequences) >= 60:
            self.enough.set()

    @property
    def lost(self) -> int:
        first, last = self.sequences[0], self.sequences[-1]
        return (last - first) % 2**16 + 1 - len(self.sequences)


@pytest.mark.parametrize("lossy", [True, False])
async def test_udp_loss(start: Start, lossy: bool) -> None:
    fault = Fault.of("udp_loss", amount=0.5) if lossy else None
    ready = await start(small("cam", fault=fault))
    loop = asyncio.get_running_loop()
    transport, sink = await loop.create_datagram_endpoint(Sink, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    spare = 65_000 if port != 65_000 else 65_001
    async with RtspClient(ready.url("cam")) as client:
        offer = f"RTP/AVP;unicast;client_port={port}-{spare}"
        answer = await client.ask("SETUP", Transport=offer)
        client.session = answer.headers["session"].partition(";")[0]
        await client.ask("PLAY")
        async with asyncio.timeout(30):
            await sink.enough.wait()
    transport.close()
    assert (sink.lost > 0) is lossy


async def test_freeze(start: Start) -> None:
    ready = await start(small("cam"))
    await put(ready, "freeze")
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        pictures = await client.pictures(12)
        assert len({tuple(nals_of(picture)) for picture in pictures}) == 1
        assert len({picture[0].timestamp for picture in pictures}) == 12
    await clear(ready)
    assert await plays(ready)


async def test_black(start: Start) -> None:
    ready = await start(small("cam", fault=Fault.of("black")))
    frames = await asyncio.to_thread(decode, ready.url("cam"), "tcp", 3)
    for frame in frames:
        assert frame.to_ndarray(format="yuv420p")[:180].mean() < 22
    await clear(ready)
    assert await plays(ready)


async def test_resolution_change_in_mid_stream(start: Start) -> None:
    ready = await start(small("cam"))

    def watch() -> list[tuple[int, int]]:
        sizes: list[tuple[int, int]] = []
        with av.open(ready.url("cam"), options={"rtsp_transport": "tcp"}, timeout=60) as container:
            for frame in container.decode(video=0):
                if (frame.width, frame.height) not in sizes[-1:]:
                    sizes.append((frame.width, frame.height))
                    seen.set()
                if len(sizes) == 3:
                    return sizes
        return sizes

    class Seen:
        def __init__(self) -> None:
            self.event, self.loop = asyncio.Event(), asyncio.get_running_loop()

        def set(self) -> None:
            self.loop.call_soon_threadsafe(self.event.set)

        async def wait(self) -> None:
            await asyncio.wait_for(self.event.wait(), 30)
            self.event.clear()

    seen = Seen()
    watching = asyncio.create_task(asyncio.to_thread(watch))
    await seen.wait()
    await put(ready, "resolution_change")
    await seen.wait()
    await clear(ready)
    assert await watching == [(320, 180), (160, 90), (320, 180)]


async def test_slow_start(start: Start) -> None:
    ready = await start(small("cam", fault=Fault.of("slow_start", amount=3600)))
    async with RtspClient(ready.url("cam")) as client, RtspClient(ready.url("cam")) as other:
        answer = asyncio.create_task(client.ask("DESCRIBE"))
        # Only DESCRIBE waits, and only on its own connection.
        assert (await other.ask("OPTIONS")).status == 200
        assert not answer.done()
        answer.cancel()
    await put(ready, "slow_start", amount=0.01)
    async with RtspClient(ready.url("cam")) as client:
        assert (await client.ask("DESCRIBE")).status == 200


async def test_unknown_codec(start: Start) -> None:
    ready = await start(small("cam"))
    async with RtspClient(ready.url("cam")) as client:
        await client.play_tcp()
        await put(ready, "unknown_codec")
        assert await closed(client)

    def codec() -> str:
        with av.open(ready.url("cam"), options={"rtsp_transport": "tcp"}, timeout=60) as container:
            next(container.decode(video=0))
            return container.streams.video[0].codec_context.name

    assert await asyncio.to_thread(codec) == "mpeg4"
    await clear(ready)
    assert await plays(ready)


async def test_a_fault_ends_by_itself(start: Start) -> None:
    ready = await start(small("cam"))
    await put(ready, "freeze", seconds=0.1)
    async with asyncio.timeout(60):
        while True:
            _, body = await control(ready, "GET", "/cameras")
            cameras = body["cameras"]
            assert isinstance(cameras, list)
            if cameras[0]["fault"] is None:
                break
    assert await plays(ready)
