"""WS-Discovery: devices that answer, and datagrams that must not be believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.errors import CamhubError
from camera_registry.discovery import sweepable
from camera_registry.urls import UrlPolicy
from ingest.onvif.multicast import Heard, MulticastSearch, matches
from tests.onvif.beacon import Forge, beacon, match
from tests.onvif.messages import GUID
from tests.onvif.test_hostile import BILLION, EXTERNAL

HERE = UrlPolicy(loopback=True)
DEVICE = "http://127.0.0.1:8081/onvif/device_service"


async def search(
    port: int, policy: UrlPolicy = HERE, addresses: tuple[str, ...] = ("127.0.0.1",)
) -> Heard:
    return await MulticastSearch(policy, port=port).run(addresses, 0.6, lambda: None)


async def test_a_device_is_heard_once_however_often_it_answers() -> None:
    async with beacon(DEVICE) as (port, heard):
        found = await search(port)
        assert len(heard.asked) == 4  # two types, each asked twice
    (device,) = found.devices.values()
    assert (device.address, device.onvif_url, device.endpoint_id) == ("127.0.0.1", DEVICE, GUID)
    assert (device.name, device.location, device.hardware) == ("Cổng chợ", "Ben Thanh", "T-1000")
    assert device.onvif_profiles == ("T", "Streaming")
    assert (found.refused, found.full) == (0, False)


async def test_the_address_at_the_sender_is_preferred() -> None:
    async with beacon(f"http://10.1.1.1/onvif/device_service {DEVICE}") as (port, _):
        found = await search(port)
    (device,) = found.devices.values()
    assert device.onvif_url == DEVICE


async def test_addresses_that_are_not_allowed_are_not_taken() -> None:
    async with beacon("http://169.254.169.254/ file:///etc/passwd ftp://127.0.0.1/") as (port, _):
        assert (await search(port)).devices == {}
    async with beacon(DEVICE) as (port, _):
        assert (await search(port, UrlPolicy())).devices == {}


def forgeries() -> dict[str, tuple[Forge, int]]:
    return {
        "not asked": (lambda asked, honest: [match("urn:uuid:other", DEVICE)], 0),
        "garbage": (lambda asked, honest: [b"\x00\xff" * 40, b"<a>"], 8),
        "entities": (lambda asked, honest: [BILLION, EXTERNAL], 8),
        "password": (lambda asked, honest: [match(asked, "http://u:p@127.0.0.1/")], 0),
    }


@pytest.mark.parametrize("name", forgeries())
async def test_datagrams_that_are_not_believed(name: str) -> None:
    forge, refused = forgeries()[name]
    async with beacon(DEVICE, forge) as (port, _):
        found = await search(port)
    assert found.devices == {}
    assert found.refused == refused


async def test_a_flood_of_devices_is_bounded() -> None:
    def flood(asked: str, honest: bytes) -> list[bytes]:
        return [match(asked, DEVICE, f"urn:uuid:{n}", "") for n in range(400)]

    async with beacon(DEVICE, flood) as (port, _):
        found = await search(port)
    assert 0 < len(found.devices) <= 1000


async def test_an_interface_that_is_not_there_is_left_out() -> None:
    async with beacon(DEVICE) as (port, _):
        found = await search(port, addresses=("203.0.113.9", "127.0.0.1"))
    assert len(found.devices) == 1


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_datagram_gives_devices_or_an_error(data: bytes, told: str) -> None:
    for datagram in (data, match("urn:uuid:7", told.replace("<", "").replace("&", ""))):
        try:
            found = matches(datagram, "127.0.0.1", {"urn:uuid:7"}, HERE)
        except CamhubError:
            continue
        assert all(device.onvif_url.startswith("http") for device in found)


@pytest.mark.parametrize("text", ["192.168.7.0/24", "10.0.0.5", "fd00::/120", " 10.1.0.0/20 "])
def test_private_networks_may_be_searched(text: str) -> None:
    assert sweepable(text, UrlPolicy()).num_addresses <= 4096


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.1.1.0/24", "network_not_allowed"),
        ("127.0.0.1/32", "network_not_allowed"),
        ("169.254.1.0/24", "network_not_allowed"),
        ("10.0.0.0/8", "network_too_large"),
        ("ten", "network"),
    ],
)
def test_other_networks_may_not(text: str, code: str) -> None:
    with pytest.raises(CamhubError) as caught:
        sweepable(text, UrlPolicy())
    assert caught.value.code == code


def test_with_networks_in_the_settings_only_those() -> None:
    policy = UrlPolicy.parse(["203.0.113.0/24"])
    assert sweepable("203.0.113.0/25", policy).num_addresses == 128
    for text in ("10.0.0.0/24", "203.0.112.0/23"):
        with pytest.raises(CamhubError):
            sweepable(text, policy)
