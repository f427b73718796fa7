"""Who a request comes from where proxies stand in front: they are believed only where named."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence

_PROTOS = (b"http", b"https")


class Forwarding:
    """Decides what X-Forwarded-For and -Proto are worth.

    ``trusted`` are the networks of proxies; ``own_proto`` is how people reach us without one.
    """

    def __init__(self, trusted: Collection[str], own_proto: bytes) -> None:
        self._trusted = [ipaddress.ip_network(each, strict=False) for each in trusted]
        self._own_proto = own_proto

    def of(self, peer: str, hops: Sequence[bytes], proto: bytes) -> tuple[str, bytes]:
        """Return address and scheme of who asks, by ``peer`` and what it says of those before it.

        The hops are read from the nearest on, and only as long as each one that tells is trusted:
        what stands before the first stranger may be invented by it.
        """
        if not self._trusts(peer):
            return peer, self._own_proto
        client = peer
        for hop in reversed(hops):
            text = hop.decode("latin-1")
            try:
                client = str(ipaddress.ip_address(text))
            except ValueError:
                break
            if not self._trusts(client):
                break
        return client, proto if proto in _PROTOS else self._own_proto

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._trusted)
