from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.bus import Message
from ingest.live_wire import Demand, Reassembler
from ingest.packets import Packet, StreamInfo
from ingest.relay import DROPPED, LiveRelay
from ingest.ring import GopRing
from tests.conftest import NatsServer
from tests.ingest.clocks import HandClock
from tests.waiting import eventually

CAMERA = "0190a000-0000-7000-8000-000000000001"
INFO = StreamInfo("h264", "avc1.42C015", 320, 180)


def packet(seq: int, size: int = 50) -> Packet:
    at = 1_700_000_000_000_000 + seq * 40_000
    return Packet(1, seq, seq % 10 == 0, at, at, at, bytes([seq % 256]) * size, INFO)


class Gateway:
    """What a gateway does, on the bus: demand, and packets put together again."""

    def __init__(self, bus: NatsBus, name: str) -> None:
        self.inbox = f"inbox.{name}"
        self.primed: list[Packet] = []
        self.live: list[Packet] = []
        self._bus = bus
        self._name = name

    async def listen(self) -> None:
        for subject, into in (
            (self.inbox, self.primed),
            (subjects.live(CAMERA), self.live),
        ):
            await self._bus.subscribe(subject, self._collector(into))

    def _collector(self, into: list[Packet]) -> Callable[[Message], Awaitable[None]]:
        reassembler = Reassembler()

        async def take(message: Message) -> None:
            whole = reassembler.push(message.data)
            if whole is not None:
                into.append(whole)

        return take

    async def demand(self, *, ttl_s: float = 6.0, prime: bool = True, inbox: str = "") -> None:
        body = Demand(self._name, inbox or self.inbox, ttl_s, prime)
        await self._bus.publish(subjects.demand(CAMERA), msgspec.msgpack.encode(body))


class Worker:
    """A ring and a relay, fed as a session does."""

    def __init__(self, bus: NatsBus) -> None:
        self.clock = HandClock()
        self.ring = GopRing(10, 10**8)
        self.relay = LiveRelay(CAMERA, self.ring, bus=bus, clock=self.clock)

    def push(self, given: Packet) -> None:
        self.ring.push(given)
        self.relay.push(given)


@pytest.fixture
async def worker(bus: NatsBus) -> AsyncIterator[Worker]:
    running = Worker(bus)
    await running.relay.start()
    yield running
    await running.relay.stop()


@pytest.fixture
async def gateway(bus: NatsBus) -> Gateway:
    made = Gateway(bus, "g1")
    await made.listen()
    return made


async def test_nothing_is_sent_without_demand(worker: Worker, gateway: Gateway) -> None:
    for seq in range(20):
        worker.push(packet(seq))
    assert not worker.relay.wanted
    # NATS keeps the order of a connection: what this comes after would be here by now.
    await gateway.demand()
    await eventually(lambda: len(gateway.primed) == 10)
    assert gateway.live == []


async def test_a_prime_and_then_every_packet_without_a_gap(
    worker: Worker, gateway: Gateway
) -> None:
    feeding = asyncio.Event()

    def feed() -> None:
        for seq in range(4000):
            if seq == 25:
                loop.call_soon_threadsafe(feeding.set)
            worker.push(packet(seq))
            if seq >= 25:
                asyncio.run_coroutine_threadsafe(pause(), loop).result()

    async def pause() -> None:
        await asyncio.sleep(0)

    loop = asyncio.get_running_loop()
    thread = asyncio.create_task(asyncio.to_thread(feed))
    await feeding.wait()
    await gateway.demand()
    await thread
    await eventually(lambda: bool(gateway.live) and gateway.live[-1].seq == 3999)
    assert gateway.primed[0].keyframe
    seqs = sorted({p.seq for p in gateway.primed + gateway.live})
    assert seqs == list(range(gateway.primed[0].seq, 4000))
    live = [p.seq for p in gateway.live]
    assert live == list(range(live[0], 4000))
    assert all(p == packet(p.seq) for p in gateway.live)


async def test_a_large_keyframe_travels_in_parts(
    bus: NatsBus, worker: Worker, gateway: Gateway
) -> None:
    big = packet(0, size=3 * bus.max_payload)
    worker.push(big)
    await gateway.demand()
    await eventually(lambda: gateway.primed == [big])


async def test_demand_ends_with_its_time(worker: Worker, gateway: Gateway) -> None:
    worker.push(packet(0))
    await gateway.demand(ttl_s=6)
    await eventually(lambda: worker.relay.wanted and bool(gateway.primed))
    worker.push(packet(1))
    await eventually(lambda: [p.seq for p in gateway.live] == [1])
    worker.clock.now += 5
    await gateway.demand(ttl_s=6, prime=False)
    await eventually(lambda: worker.relay._gateways["g1"] == 11)
    wanted = []
    for now in (10.9, 11.0):
        worker.clock.now = now
        wanted.append(worker.relay.wanted)
    assert wanted == [True, False]
    worker.push(packet(2))
    assert not worker.relay._queue
    assert len(gateway.primed) == 1


@pytest.mark.parametrize("ttl_s", [float("nan"), -1.0, float("-inf")])
async def test_a_time_that_is_none_switches_nothing_on_or_off(
    bus: NatsBus, worker: Worker, gateway: Gateway, ttl_s: float
) -> None:
    await gateway.demand(ttl_s=20, prime=False)
    await Gateway(bus, "g2").demand(ttl_s=ttl_s, prime=False)
    await eventually(lambda: "g2" in worker.relay._gateways)
    wanted = [worker.relay.wanted]
    worker.clock.now = 20
    wanted.append(worker.relay.wanted)
    assert wanted == [True, False]


async def test_no_demand_lasts_for_ever(worker: Worker, gateway: Gateway) -> None:
    await gateway.demand(ttl_s=float("inf"), prime=False)
    await eventually(lambda: worker.relay.wanted)
    worker.clock.now = 30
    assert not worker.relay.wanted


async def test_one_gateway_leaving_does_not_end_the_other(
    bus: NatsBus, worker: Worker, gateway: Gateway
) -> None:
    other = Gateway(bus, "g2")
    await gateway.demand(ttl_s=20, prime=False)
    await other.demand(ttl_s=20, prime=False)
    await eventually(lambda: len(worker.relay._gateways) == 2)
    await other.demand(ttl_s=0, prime=False)
    await eventually(lambda: worker.relay._gateways.get("g2") == 0)
    assert worker.relay.wanted


async def test_a_loop_that_is_behind_is_moved_to_the_next_keyframe(
    worker: Worker, gateway: Gateway
) -> None:
    worker.push(packet(0))
    await gateway.demand(prime=False)
    await eventually(lambda: worker.relay.wanted)
    before = DROPPED.labels("behind")._value.get()
    # No await between these: the event loop cannot send meanwhile.
    for seq in range(1, 300):
        worker.push(packet(seq))
    await eventually(lambda: bool(gateway.live) and gateway.live[-1].seq == 299)
    seqs = [p.seq for p in gateway.live]
    assert seqs == list(range(260, 300))
    assert gateway.live[0].keyframe
    assert DROPPED.labels("behind")._value.get() - before == 259


@pytest.mark.parametrize("inbox", ["a.>", "*", "a..b", " ", "x" * 300, "ä"])
async def test_an_inbox_that_is_no_subject_gets_nothing(
    bus: NatsBus, worker: Worker, gateway: Gateway, inbox: str
) -> None:
    worker.push(packet(0))
    await gateway.demand(inbox=inbox)
    await bus.publish(subjects.demand(CAMERA), b"\xff\x00")
    await gateway.demand()
    await eventually(lambda: [p.seq for p in gateway.primed] == [0])


async def test_stopping_ends_it(bus: NatsBus) -> None:
    worker = Worker(bus)
    await worker.relay.start()
    await worker.relay.stop()
    worker.push(packet(0))
    assert not worker.relay.wanted


async def test_a_bus_that_went_away_costs_packets_only(own_nats: NatsServer) -> None:
    bus = await NatsBus.connect(own_nats.url, name="worker")
    worker, gateway = Worker(bus), Gateway(bus, "g1")
    await worker.relay.start()
    await gateway.listen()
    await gateway.demand(prime=False, ttl_s=25)
    await eventually(lambda: worker.relay.wanted)
    own_nats.kill()
    await eventually(lambda: not bus.connected)
    for seq in range(1, 8):
        worker.push(packet(seq))
    await eventually(lambda: not worker.relay._queue)
    own_nats.start()
    await eventually(lambda: bus.connected)
    for seq in range(8, 15):
        worker.push(packet(seq))
    await eventually(lambda: bool(gateway.live) and gateway.live[-1].seq == 14)
    assert [p.seq for p in gateway.live] == list(range(10, 15))
    await worker.relay.stop()
    await bus.close()
