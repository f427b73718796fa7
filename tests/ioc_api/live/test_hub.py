"""The hub on a real nats-server: demand, prime, merge, sharing, recovery."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import msgspec
import pytest

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.bus import Bus
from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import InvalidError
from camera_registry.base.ids import new_id
from ingest.live_wire import LivePart, Reassembler
from ingest.packets import Packet
from ingest.relay import LiveRelay
from ingest.ring import GopRing
from ioc_api.live import metrics
from ioc_api.live.feed import HubLimits
from ioc_api.live.hub import LiveHub
from tests.conftest import NatsServer
from tests.ioc_api.live.studio import Studio, clip
from tests.waiting import eventually

QUICK = HubLimits(demand_every_s=0.1, ttl_s=6, silence_s=0.5, starved_s=0.1, linger_s=0.3)


class Viewer:
    """Keeps everything it is given."""

    def __init__(self) -> None:
        self.primed: list[Packet] | None = None
        self.packets: list[Packet] = []

    def prime(self, packets: Sequence[Packet]) -> None:
        self.primed = list(packets)
        self.packets += packets

    def offer(self, packet: Packet) -> None:
        self.packets.append(packet)

    @property
    def seqs(self) -> list[int]:
        return [packet.seq for packet in self.packets]


@pytest.fixture
async def hub(bus: Bus) -> AsyncIterator[LiveHub]:
    async with LiveHub(bus, SystemClock(), f"gw{new_id(1)}", QUICK) as running:
        yield running


@pytest.fixture
async def studio(bus: Bus) -> AsyncIterator[Studio]:
    running = Studio(bus, new_id(SystemClock().utc_us()))
    await running.start()
    yield running
    await running.stop()


async def test_first_demand_primes_and_live_continues_without_gap(
    hub: LiveHub, studio: Studio
) -> None:
    packets = clip(40, gop=50)
    studio.hold = packets[:20]
    viewer = Viewer()
    watch = hub.watch(studio.camera_id, viewer, "test")
    await eventually(lambda: len(viewer.packets) == 20)
    assert studio.demands[0].prime
    await studio.send(packets[15:])
    await eventually(lambda: len(viewer.packets) == 40)
    assert [packet.data for packet in viewer.packets] == [packet.data for packet in packets]
    await eventually(lambda: len(studio.demands) >= 3)
    assert not studio.demands[1].prime
    watch.close()


async def test_live_packets_that_overtake_the_prime_wait_for_it(
    hub: LiveHub, studio: Studio
) -> None:
    packets = clip(20, gop=50)
    viewer = Viewer()
    hub.watch(studio.camera_id, viewer, "test")
    await eventually(lambda: bool(studio.demands))
    await studio.send(packets[10:])
    studio.hold = packets
    # What is held makes the hub ask for the GOP again.
    await eventually(lambda: viewer.seqs == list(range(20)))


async def test_a_second_viewer_starts_at_once_from_the_buffer(hub: LiveHub, studio: Studio) -> None:
    studio.hold = clip(10)
    first, second = Viewer(), Viewer()
    hub.watch(studio.camera_id, first, "test")
    await eventually(lambda: len(first.packets) == 10)
    primes = sum(demand.prime for demand in studio.demands)
    hub.watch(studio.camera_id, second, "test")
    assert second.primed is not None
    assert [packet.seq for packet in second.primed] == list(range(10))
    assert second.primed[0].keyframe
    assert sum(demand.prime for demand in studio.demands) == primes


async def test_a_feed_ends_after_its_last_viewer_and_survives_a_short_absence(
    hub: LiveHub, studio: Studio
) -> None:
    viewer = Viewer()
    hub.watch(studio.camera_id, viewer, "test").close()
    second = hub.watch(studio.camera_id, viewer, "test")
    assert hub.cameras == {studio.camera_id}
    second.close()
    second.close()
    await eventually(lambda: hub.cameras == frozenset())
    await eventually(lambda: not hub._tasks)
    await studio.send(clip(2))
    assert viewer.packets == []


async def test_a_lost_packet_is_filled_from_a_new_prime(hub: LiveHub, studio: Studio) -> None:
    packets = clip(20, gop=50)
    studio.hold = packets[:5]
    viewer = Viewer()
    hub.watch(studio.camera_id, viewer, "test")
    await eventually(lambda: len(viewer.packets) == 5)
    await eventually(lambda: len(studio.demands) > 2)
    studio.hold = packets
    await studio.send(packets[8:])
    await eventually(lambda: viewer.seqs == list(range(20)))


async def test_a_new_worker_in_the_middle_of_a_gop_is_asked_for_it(
    hub: LiveHub, studio: Studio
) -> None:
    packets = clip(20, gop=50)
    studio.hold = packets[:5]
    viewer = Viewer()
    hub.watch(studio.camera_id, viewer, "test")
    await eventually(lambda: len(viewer.packets) == 5)
    after = [replace(packet, epoch=2) for packet in packets]
    studio.hold = after[:10]
    await studio.send(after[8:12])
    await eventually(lambda: len(viewer.packets) == 17)
    assert [(packet.epoch, packet.seq) for packet in viewer.packets[5:]] == [
        (2, seq) for seq in range(12)
    ]


async def test_silence_and_an_older_epoch_that_goes_on(hub: LiveHub, studio: Studio) -> None:
    packets = clip(10, gop=5)
    studio.hold = [replace(packet, epoch=2**60) for packet in packets[:1]]
    viewer = Viewer()
    hub.watch(studio.camera_id, viewer, "test")
    await eventually(lambda: len(viewer.packets) == 1)
    studio.hold = []
    for seq in itertools.count():
        # An absurd epoch from the bus must not blind the wall for good.
        await studio.emit(replace(packets[seq % 10], seq=seq))
        if len(viewer.packets) > 1:
            break
        await asyncio.sleep(0.02)
    assert viewer.packets[1].epoch == 1
    assert viewer.packets[1].keyframe


async def test_hostile_messages_are_counted_and_harm_nothing(hub: LiveHub, studio: Studio) -> None:
    packets = clip(5)
    viewer = Viewer()
    hub.watch(studio.camera_id, viewer, "test")
    await eventually(lambda: bool(studio.demands))
    undecodable = metrics.REJECTED.labels("undecodable")
    insane = metrics.REJECTED.labels("insane")
    before = undecodable._value.get(), insane._value.get()
    subject = subjects.live(studio.camera_id)
    for junk in (b"", b"\xff" * 50, b"\x93\x01\x02\x03", b"\xdf\xff\xff\xff\xff"):
        await studio.bus.publish(subject, junk)
    await studio.send([replace(packets[0], seq=-1), replace(packets[0], data=b"")])
    await studio.send([replace(packets[0], utc_us=2**64 - 1)])
    await studio.send(packets)
    await eventually(lambda: len(viewer.packets) == 5)
    assert undecodable._value.get() - before[0] == 4
    assert insane._value.get() - before[1] == 3
    assert hub.healthy


def test_a_unit_of_endless_parts_is_given_up() -> None:
    reassembler = Reassembler()
    part = LivePart("c", 1, 1, 0, 1 << 40, True, 0, 0, 0, "h264", "", 1, 1, b"x" * (1 << 20))
    for number in range(100):
        message = msgspec.msgpack.encode(msgspec.structs.replace(part, part=number))
        assert reassembler.push(message) is None
        assert sum(len(each) for each in reassembler._parts) <= 64 << 20
    assert reassembler._parts == []


async def test_a_subject_cannot_be_smuggled_in(hub: LiveHub) -> None:
    with pytest.raises(InvalidError):
        hub.watch("*", Viewer(), "test")


async def test_packets_over_the_servers_limit_arrive_whole(hub: LiveHub, studio: Studio) -> None:
    head = clip(1)[0]
    big = replace(head, data=head.data + b"\x80" * (3 * studio.bus.max_payload // 2))
    studio.hold = [big]
    viewer = Viewer()
    hub.watch(studio.camera_id, viewer, "test")
    await eventually(lambda: len(viewer.packets) == 1)
    assert viewer.packets[0].data == big.data


async def test_the_real_relay_of_a_worker_is_understood(bus: Bus, hub: LiveHub) -> None:
    # Pins the studio of these tests to what ingest.relay does.
    camera = new_id(SystemClock().utc_us())
    ring = GopRing(10.0, 1 << 24)
    relay = LiveRelay(camera, ring, bus=bus, clock=SystemClock())
    await relay.start()
    packets = clip(60, gop=25)
    for packet in packets[:35]:
        ring.push(packet)
        relay.push(packet)
    first, second = Viewer(), Viewer()
    hub.watch(camera, first, "test")
    await eventually(lambda: len(first.packets) == 10)
    for packet in packets[35:]:
        ring.push(packet)
        relay.push(packet)
    await eventually(lambda: first.seqs == list(range(25, 60)))
    hub.watch(camera, second, "test")
    assert second.seqs == list(range(50, 60))
    await relay.stop()


async def test_a_restarted_server_is_asked_again(own_nats: NatsServer) -> None:
    bus = await NatsBus.connect(own_nats.url, name="test")
    other = await NatsBus.connect(own_nats.url, name="worker")
    studio = Studio(other, new_id(SystemClock().utc_us()))
    await studio.start()
    packets = clip(20, gop=50)
    studio.hold = packets[:5]
    viewer = Viewer()
    async with LiveHub(bus, SystemClock(), "a.host name", QUICK) as hub:
        hub.watch(studio.camera_id, viewer, "test")
        await eventually(lambda: len(viewer.packets) == 5)
        own_nats.kill()
        await eventually(lambda: not bus.connected)
        studio.hold = packets
        own_nats.start()
        await eventually(lambda: viewer.seqs == list(range(20)), within_s=60)
    await studio.stop()
    await other.close()
    await bus.close()
