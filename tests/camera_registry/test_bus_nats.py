"""The bus against a real nats-server, killed and started again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.kv import KeyValue

from camera_registry import subjects
from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.bus import Entry, Message
from camera_registry.base.errors import ConfigError, UnavailableError
from tests.conftest import NatsServer
from tests.waiting import eventually


async def test_plain_messages_arrive_in_order(bus: NatsBus) -> None:
    got: list[bytes] = []

    async def keep(message: Message) -> None:
        got.append(message.data)

    subscription = await bus.subscribe("demand.*", keep)
    for number in range(100):
        await bus.publish("demand.x", b"%d" % number)
    await eventually(lambda: len(got) == 100)
    assert got == [b"%d" % number for number in range(100)]
    await subscription.stop()


async def test_an_event_with_the_same_id_is_stored_once(bus: NatsBus) -> None:
    for _ in range(3):
        await bus.append(subjects.event("26734", "cam", "zone_enter"), b"x", message_id="same")
    deliveries = await bus.fetch(subjects.EVENTS_STREAM, subjects.EVENTS_RECORDER, 10, 0.5)
    assert [delivery.data for delivery in deliveries] == [b"x"]
    await deliveries[0].ack()


async def test_a_lease_that_nobody_renews_is_delivered_again(bus: NatsBus) -> None:
    await bus.append(subjects.lease("a"), b"a")
    first = await bus.fetch(subjects.LEASES_STREAM, subjects.LEASES_DURABLE, 5, 0.5)
    assert len(first) == 1
    assert first[0].generation == 1
    await first[0].nak()
    again = await bus.fetch(subjects.LEASES_STREAM, subjects.LEASES_DURABLE, 5, 2)
    assert [(item.data, item.generation) for item in again] == [(b"a", 2)]
    assert again[0].sequence == first[0].sequence
    assert await bus.subjects(subjects.LEASES_STREAM) == {"lease.camera.a"}
    await bus.purge(subjects.LEASES_STREAM, subjects.lease("a"))
    assert await bus.subjects(subjects.LEASES_STREAM) == set()


async def test_a_bucket_keeps_the_last_value_and_tells_changes(bus: NatsBus) -> None:
    bucket = bus.bucket(subjects.SPECS_BUCKET)
    await bucket.put("one", b"1")
    await bucket.put("one", b"2")
    seen: list[Entry] = []

    async def keep(entry: Entry) -> None:
        seen.append(entry)

    watch = await bucket.watch(keep)
    assert [(entry.key, entry.value) for entry in seen] == [("one", b"2")]
    await bucket.put("two", b"3")
    await bucket.delete("one")
    await eventually(lambda: len(seen) == 3)
    assert [(entry.key, entry.value) for entry in seen[1:]] == [("two", b"3"), ("one", None)]
    assert await bucket.get("one") is None
    assert await bucket.get("never") is None
    await watch.stop()


async def test_everything_goes_on_after_the_server_was_killed(own_nats: NatsServer) -> None:
    bus = await NatsBus.connect(own_nats.url, name="test")
    states: dict[str, bytes | None] = {}
    recovered = asyncio.Event()

    async def keep(entry: Entry) -> None:
        states[entry.key] = entry.value

    async def mark() -> None:
        recovered.set()

    bus.on_reconnect(mark)
    await bus.bucket(subjects.STATES_BUCKET).watch(keep)
    await bus.append(subjects.event("26734", "cam", "zone_enter"), b"kept", message_id="1")
    own_nats.kill()
    await eventually(lambda: not bus.connected)
    with pytest.raises(UnavailableError, match="not connected"):
        await bus.append(subjects.event("26734", "cam", "zone_enter"), b"late", message_id="2")
    with pytest.raises(UnavailableError):
        await bus.fetch(subjects.EVENTS_STREAM, subjects.EVENTS_RECORDER, 1, 0.2)
    own_nats.start()
    await asyncio.wait_for(recovered.wait(), 60)
    await bus.bucket(subjects.STATES_BUCKET).put("cam", b"live")
    await eventually(lambda: states.get("cam") == b"live")
    kept = await bus.fetch(subjects.EVENTS_STREAM, subjects.EVENTS_RECORDER, 10, 2)
    assert [delivery.data for delivery in kept] == [b"kept"]
    await bus.close()


async def test_a_missing_server_and_a_wrong_token_are_told_apart(own_nats: NatsServer) -> None:
    await (await NatsBus.connect(own_nats.url, name="test")).close()
    with pytest.raises(ConfigError, match="refused the token"):
        await NatsBus.connect(
            f"nats://wrong@127.0.0.1:{own_nats.embedded.port}", name="test", timeout_s=5
        )
    with pytest.raises(UnavailableError, match="no nats-server answered"):
        await NatsBus.connect("nats://127.0.0.1:1", name="test", timeout_s=1)


async def test_a_watch_waits_for_entries_that_are_on_their_way(
    bus: NatsBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's word that it has sent everything can overtake what it has sent."""
    bucket = bus.bucket(subjects.STATES_BUCKET)
    for key in ("a", "b", "c"):
        await bucket.put(key, key.encode())
    asked = asyncio.Event()
    look, watchall = Subscription._wait_for_msgs, KeyValue.watchall

    async def look_later(self: Subscription, *given: Any) -> None:
        await asked.wait()
        await look(self, *given)

    async def ask(self: KeyValue, **given: Any) -> KeyValue.KeyWatcher:
        watcher = await watchall(self, **given)
        asked.set()
        return watcher

    monkeypatch.setattr(Subscription, "_wait_for_msgs", look_later)
    monkeypatch.setattr(JetStreamContext.PushSubscription, "delivered", 0)
    monkeypatch.setattr(KeyValue, "watchall", ask)
    seen: list[str] = []

    async def keep(entry: Entry) -> None:
        seen.append(entry.key)

    watch = await bucket.watch(keep)
    assert seen == ["a", "b", "c"]
    await watch.stop()
    await bus.purge(f"KV_{subjects.STATES_BUCKET}", ">")
    empty = await bucket.watch(keep)
    assert len(seen) == 3
    await empty.stop()
