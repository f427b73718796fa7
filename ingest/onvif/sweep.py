"""Goes through a range of addresses one by one: who speaks ONVIF, who speaks RTSP.

Slowly on purpose: so many addresses a second, so many connections at a time. A host is asked the
one ONVIF question that needs no log-in, and the one of RTSP.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError
from camera_registry.discovery import MAX_FOUND, DiscoveryRequest, FoundDevice
from camera_registry.urls import Network, UrlPolicy
from ingest.onvif.device import OnvifDevice
from ingest.probe.first_words import first_words

_AT_ONCE = 48
_CONNECT_S = 1.5
_ASK_S = 4.0


@dataclass(slots=True)
class Swept:
    """What has been found so far."""

    devices: list[FoundDevice] = field(default_factory=list)
    done: int = 0
    full: bool = False


class Sweep:
    """Goes through one network. The caller has checked that all of it may be gone through."""

    def __init__(self, request: DiscoveryRequest, policy: UrlPolicy, clock: Clock) -> None:
        self._request = request
        self._policy = policy
        self._clock = clock
        self.swept = Swept()

    async def run(self, network: Network, on_news: Callable[[], None]) -> Swept:
        """Search; ``on_news`` is called after each address. Cancellation ends it at once."""
        room = asyncio.Semaphore(_AT_ONCE)
        pause_s = 1.0 / self._request.rate
        async with asyncio.TaskGroup() as group:
            for address in _hosts(network):
                if self.swept.full:
                    break
                await room.acquire()
                group.create_task(self._one(address, room, on_news))
                await self._clock.sleep(pause_s)
        return self.swept

    async def _one(
        self, address: str, room: asyncio.Semaphore, on_news: Callable[[], None]
    ) -> None:
        swept = self.swept
        try:
            found = await self._look(address)
            if found is not None and not swept.full:
                swept.devices.append(found)
                swept.full = len(swept.devices) >= MAX_FOUND
        finally:
            room.release()
            swept.done += 1
            on_news()

    async def _look(self, address: str) -> FoundDevice | None:
        if not self._policy.permits(address):
            return None
        onvif_url, rtsp_url, server = "", "", ""
        for port in self._request.onvif_ports:
            if await _open(address, port) and await self._speaks_onvif(address, port):
                onvif_url = _url("http", address, port) + "/onvif/device_service"
                break
        for port in self._request.rtsp_ports:
            if await _open(address, port):
                words = await _rtsp(_url("rtsp", address, port) + "/", address)
                if words is not None:
                    rtsp_url, server = _url("rtsp", address, port) + "/", words
                    break
        if not onvif_url and not rtsp_url:
            return None
        return FoundDevice(address, "range", onvif_url, rtsp_url, server=server)

    async def _speaks_onvif(self, address: str, port: int) -> bool:
        url = _url("http", address, port) + "/onvif/device_service"
        async with OnvifDevice(
            url, None, self._policy.permits, self._clock, timeout_s=_ASK_S
        ) as device:
            try:
                await device.greet()
            except CamhubError as error:
                return error.code == "auth_failed"
        return True


async def _open(address: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _rtsp(url: str, address: str) -> str | None:
    """Return what an RTSP server calls itself, None where it is none."""
    try:
        words = await first_words(url, address, _ASK_S)
    except (OSError, TimeoutError):
        return None
    return words.server if words.status else None


def _hosts(network: Network) -> Iterator[str]:
    if network.num_addresses <= 2:
        yield from (str(address) for address in network)
    else:
        yield from (str(address) for address in network.hosts())


def _url(scheme: str, address: str, port: int) -> str:
    host = f"[{address}]" if ipaddress.ip_address(address).version == 6 else address
    usual = {"http": 80, "rtsp": 554}[scheme]
    return f"{scheme}://{host}" + ("" if port == usual else f":{port}")
