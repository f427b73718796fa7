"""From a host's name to addresses that a worker may connect to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from ingest.open_errors import OpenError


async def permitted_addresses(
    host: str, port: int, permits: Callable[[str], bool], timeout_s: float = 8.0
) -> list[str]:
    """Resolve a name and return its addresses, all of them permitted.

    Connect to one of these and not to the name: asked a second time, a name server may give
    another. Raises OpenError (codes ``dns``, ``forbidden_network``).
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        found = []
    if not found:
        raise OpenError(
            "the name of the host cannot be resolved",
            hint="check its spelling and the name server of the worker",
            code="dns",
        )
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all(permits(address) for address in addresses):
        raise OpenError(
            "the address lies in a network that is not allowed",
            hint="see the setting camera_networks",
            code="forbidden_network",
        )
    return addresses
