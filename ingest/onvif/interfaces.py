"""The network interfaces of this machine, for whoever chooses where to search."""

from __future__ import annotations

import fcntl
import socket
import struct

from camera_registry.discovery import Interface

_SIOCGIFADDR = 0x8915
"""Linux: netdevice(7)."""


def interfaces() -> tuple[Interface, ...]:
    """Return the interfaces that have an IPv4 address (the first one of each)."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(asking.fileno(), _SIOCGIFADDR, request)
            except OSError:
                continue  # it has no IPv4 address
            found.append(Interface(name, socket.inet_ntoa(answer[20:24])))
    return tuple(found)
