"""WS-Discovery: one question to everybody on a network, and what comes back.

After WS-Discovery of April 2005, as ONVIF has it. Answers are datagrams of strangers: each is
parsed by ``ingest.onvif.xml``, must relate to our question, and only addresses that are allowed are
taken from it.
"""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from lxml import etree

from camera_registry.base.errors import CamhubError
from camera_registry.discovery import MAX_FOUND, FoundDevice
from camera_registry.urls import UrlPolicy
from ingest.onvif.answers import scope_values
from ingest.onvif.xml import parse, printable

log = structlog.get_logger(__name__)

GROUP, PORT = "239.255.255.250", 3702
DISCOVERY_NS = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
ADDRESSING_NS = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
SOAP_NS = "http://www.w3.org/2003/05/soap-envelope"

_TYPES = (
    ("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter"),
    ("http://www.onvif.org/ver10/device/wsdl", "Device"),
)
_AGAIN_S = (0.0, 0.3)
"""UDP loses: each question is sent as often (SOAP-over-UDP 1.1, section 3.2)."""

_MAX_ANSWERS = 4 * MAX_FOUND


@dataclass(slots=True)
class Heard:
    """What has come in: devices by endpoint and address, and how many answers were refused."""

    devices: dict[tuple[str, str], FoundDevice]
    refused: int = 0
    answers: int = 0

    @property
    def full(self) -> bool:
        """Whether more came than is kept."""
        return len(self.devices) >= MAX_FOUND or self.answers >= _MAX_ANSWERS


class MulticastSearch:
    """Asks on each of the worker's own addresses and listens for ``wait_s`` seconds."""

    def __init__(self, policy: UrlPolicy, *, group: str = GROUP, port: int = PORT) -> None:
        self._policy = policy
        self._target = (group, port)
        self._asked: set[str] = set()
        self.heard = Heard({})
        self._news: Callable[[], None] = lambda: None

    async def run(
        self, addresses: Sequence[str], wait_s: float, on_news: Callable[[], None]
    ) -> Heard:
        """Search. ``on_news`` is called for each new device. Raises nothing for what is heard."""
        self._news = on_news
        transports = []
        try:
            for address in addresses:
                transport = await self._open(address)
                if transport is not None:
                    transports.append(transport)
            for delay_s in _AGAIN_S:
                await asyncio.sleep(delay_s)
                for transport in transports:
                    self._ask(transport)
            await asyncio.sleep(wait_s)
        finally:
            for transport in transports:
                transport.close()
        return self.heard

    async def _open(self, address: str) -> asyncio.DatagramTransport | None:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            made.bind((address, 0))
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(self._hear), sock=made)
        except OSError as error:
            made.close()
            log.warning("discovery_interface_unusable", address=address, reason=error.strerror)
            return None
        return transport

    def _ask(self, transport: asyncio.DatagramTransport) -> None:
        for namespace, name in _TYPES:
            message_id = f"urn:uuid:{uuid.uuid4()}"
            self._asked.add(message_id)
            transport.sendto(question(message_id, namespace, name), self._target)

    def _hear(self, data: bytes, sender: str) -> None:
        heard = self.heard
        heard.answers += 1
        if heard.full:
            return
        try:
            found = matches(data, sender, self._asked, self._policy)
        except CamhubError:
            heard.refused += 1
            return
        for device in found:
            key = (device.endpoint_id, device.address)
            if key not in heard.devices and not heard.full:
                heard.devices[key] = device
                self._news()


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[bytes, str], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._hear(data, addr[0])


def question(message_id: str, namespace: str, name: str) -> bytes:
    """Return a Probe for one type of device."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<e:Envelope xmlns:e="{SOAP_NS}" xmlns:w="{ADDRESSING_NS}" xmlns:d="{DISCOVERY_NS}" '
        f'xmlns:t="{namespace}"><e:Header><w:MessageID>{message_id}</w:MessageID>'
        "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
        f"<w:Action>{DISCOVERY_NS}/Probe</w:Action></e:Header>"
        f"<e:Body><d:Probe><d:Types>t:{name}</d:Types></d:Probe></e:Body></e:Envelope>"
    ).encode()


def matches(data: bytes, sender: str, asked: set[str], policy: UrlPolicy) -> list[FoundDevice]:
    """Read a ProbeMatches datagram: the devices in it that may be asked.

    Raises OpenError for what is no XML; what does not answer a question of ours gives nothing.
    """
    root = parse(data)
    relates = root.findtext(f"{{{SOAP_NS}}}Header/{{{ADDRESSING_NS}}}RelatesTo", "").strip()
    if relates not in asked:
        return []
    way = f"{{{SOAP_NS}}}Body/{{{DISCOVERY_NS}}}ProbeMatches/{{{DISCOVERY_NS}}}ProbeMatch"
    found = (_device(match, sender, policy) for match in root.findall(way)[:32])
    return [device for device in found if device is not None]


def _device(match: etree._Element, sender: str, policy: UrlPolicy) -> FoundDevice | None:
    endpoint = match.findtext(
        f"{{{ADDRESSING_NS}}}EndpointReference/{{{ADDRESSING_NS}}}Address", ""
    )
    scopes = match.findtext(f"{{{DISCOVERY_NS}}}Scopes", "").split()[:60]
    url = _address(match.findtext(f"{{{DISCOVERY_NS}}}XAddrs", ""), sender, policy)
    if not url:
        return None
    return FoundDevice(
        address=urlsplit(url).hostname or sender,
        how="multicast",
        onvif_url=url,
        endpoint_id=printable(endpoint),
        name=_first(scopes, "name"),
        hardware=_first(scopes, "hardware"),
        location=_first(scopes, "location"),
        onvif_profiles=scope_values(scopes, "Profile")[:12],
    )


def _first(scopes: Sequence[str], category: str) -> str:
    return next(iter(scope_values(scopes, category)), "")


def _address(told: str, sender: str, policy: UrlPolicy) -> str:
    """Return the address at the sender if there is one, else the first that is allowed."""
    allowed = []
    for text in told.split()[:8]:
        try:
            allowed.append(policy.accept_device(text))
        except CamhubError:
            continue
    here = [url for url in allowed if urlsplit(url).hostname == sender]
    return next(iter(here or allowed), "")
