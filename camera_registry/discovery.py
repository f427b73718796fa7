"""What a search for cameras is asked for and finds: values, no I/O.

They travel as JSON in a job (``camera_registry.jobs``) and are the API's answer as they stand.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal

import msgspec

from camera_registry.base.errors import ForbiddenError, InvalidError
from camera_registry.urls import Network, UrlPolicy

DISCOVERY = "discovery"
INTERFACES = "interfaces"
"""Kinds of jobs."""

MAX_ADDRESSES = 4096
MAX_FOUND = 1000
MAX_PORTS = 8
ONVIF_PORTS = (80, 8080, 8000, 2020, 8899)
RTSP_PORTS = (554, 8554)


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of the worker, with its IPv4 address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Interfaces:
    """The interfaces of a worker."""

    interfaces: tuple[Interface, ...]
    kind: Literal["interfaces"] = "interfaces"


@dataclass(frozen=True, slots=True)
class DiscoveryRequest:
    """Where to look.

    By WS-Discovery on ``interfaces`` (IPv4 addresses of the worker's own), waiting ``wait_s`` for
    answers, and one by one through ``network`` (CIDR; empty: none) on these ports, at most ``rate``
    addresses a second.
    """

    interfaces: tuple[str, ...] = ()
    wait_s: float = 4.0
    network: str = ""
    onvif_ports: tuple[int, ...] = ONVIF_PORTS
    rtsp_ports: tuple[int, ...] = RTSP_PORTS
    rate: float = 40.0


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """Something that looks like a camera. What is not known is empty.

    ``onvif_url`` is the address of its device service, ``rtsp_url`` that of an RTSP server without
    a path, ``server`` what that calls itself. ``how`` is ``multicast`` or ``range``.
    """

    address: str
    how: str
    onvif_url: str = ""
    rtsp_url: str = ""
    endpoint_id: str = ""
    name: str = ""
    hardware: str = ""
    location: str = ""
    server: str = ""
    onvif_profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscoveryReport:
    """What was found. ``full`` says that there was more than is kept, ``refused`` how many
    answers were not to be believed or came from networks that are not allowed.
    """

    devices: tuple[FoundDevice, ...]
    refused: int = 0
    full: bool = False
    kind: Literal["discovery"] = "discovery"


def sweepable(text: str, policy: UrlPolicy) -> Network:
    """Return the network that may be gone through, address by address.

    Raises InvalidError for what is no network or is too large, ForbiddenError where the settings do
    not allow all of it. Without allowed networks in the settings only private ones may be (RFC
    1918, RFC 4193): nobody is to look through somebody else's.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise InvalidError(
            "network: is no range of addresses",
            hint="write for example 10.1.2.0/24",
            code="network",
        ) from None
    if network.num_addresses > MAX_ADDRESSES:
        raise InvalidError(
            f"network: has more than {MAX_ADDRESSES} addresses",
            hint="look through one part after the other",
            code="network_too_large",
        )
    private = policy.limited or network.is_private or network.is_loopback
    if not private or not all(policy.permits(str(address)) for address in network):
        raise ForbiddenError(
            "network: looking through this network is not allowed",
            hint="an administrator can allow it with the setting camera_networks",
            code="network_not_allowed",
        )
    return network


encode = msgspec.json.Encoder().encode
decode_request = msgspec.json.Decoder(DiscoveryRequest).decode
decode_report = msgspec.json.Decoder(DiscoveryReport).decode
decode_interfaces = msgspec.json.Decoder(Interfaces).decode
