"""The WS-Discovery half of the test device: answers Probes on a multicast group."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import cast

from lxml import etree

from ingest.onvif.multicast import ADDRESSING_NS, DISCOVERY_NS, SOAP_NS
from tests.onvif.messages import GUID, SCOPES
from tests.onvif.schemas import discovery_schema

GROUP = "239.255.255.250"

Forge = Callable[[str, bytes], list[bytes]]
"""Makes datagrams out of a question's message id and an honest answer."""


def match(
    relates_to: str, xaddrs: str, endpoint: str = GUID, scopes: str = " ".join(SCOPES)
) -> bytes:
    """Return a ProbeMatches message."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<e:Envelope xmlns:e="{SOAP_NS}" xmlns:w="{ADDRESSING_NS}" xmlns:d="{DISCOVERY_NS}" '
        'xmlns:n="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
        "<w:MessageID>urn:uuid:1</w:MessageID>"
        f"<w:RelatesTo>{relates_to}</w:RelatesTo>"
        "<w:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</w:To>"
        f"<w:Action>{DISCOVERY_NS}/ProbeMatches</w:Action></e:Header><e:Body><d:ProbeMatches>"
        f"<d:ProbeMatch><w:EndpointReference><w:Address>{endpoint}</w:Address>"
        f"</w:EndpointReference><d:Types>n:NetworkVideoTransmitter</d:Types>"
        f"<d:Scopes>{scopes}</d:Scopes><d:XAddrs>{xaddrs}</d:XAddrs>"
        "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></e:Body>"
        "</e:Envelope>"
    ).encode()


def checked(data: bytes, name: str) -> etree._Element:
    """Return the envelope; raise AssertionError where its body is not as WS-Discovery has it."""
    root = etree.fromstring(data)
    body = root.find(f"{{{SOAP_NS}}}Body/{{{DISCOVERY_NS}}}{name}")
    assert body is not None, f"no {name}"
    rules = discovery_schema()
    alone = etree.fromstring(etree.tostring(body))
    assert rules.validate(alone), rules.error_log.last_error
    return root


class _Beacon(asyncio.DatagramProtocol):
    def __init__(self, xaddrs: str, forge: Forge | None) -> None:
        self.asked: list[str] = []
        self.problems: list[str] = []
        self._xaddrs = xaddrs
        self._forge = forge
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        try:
            root = checked(data, "Probe")
            message_id = root.findtext(f"{{{SOAP_NS}}}Header/{{{ADDRESSING_NS}}}MessageID", "")
            self.asked.append(message_id)
            honest = match(message_id, self._xaddrs)
            checked(honest, "ProbeMatches")
        except AssertionError as error:
            self.problems.append(str(error))
            return
        for answer in self._forge(message_id, honest) if self._forge else [honest]:
            self._transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def beacon(xaddrs: str, forge: Forge | None = None) -> AsyncIterator[tuple[int, _Beacon]]:
    """Listen on a free port of the group, on loopback; yield the port and what was heard."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind(("", 0))
    membership = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _Beacon(xaddrs, forge), sock=made
    )
    try:
        yield made.getsockname()[1], protocol
    finally:
        transport.close()
    assert not protocol.problems, protocol.problems
