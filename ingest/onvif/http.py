"""HTTP to devices: only where it is allowed, never further than asked, never more than is bearable.

A name is resolved once, and its address is checked and then connected to. A redirect is an error.
Answers are read up to a limit of bytes, and of seconds for the whole.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import httpx

from camera_registry.model import Credentials
from ingest.onvif.xml import refused
from ingest.open_errors import OpenError
from ingest.probe.addresses import permitted_addresses

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``kind`` is the media type in lower case, ``schemes`` the log-ins offered."""

    status: int
    kind: str
    body: bytes
    schemes: tuple[str, ...]


class DeviceHttp:
    """Requests to one device, with its credentials where it asks for them (Basic never)."""

    def __init__(
        self,
        credentials: Credentials | None,
        permits: Callable[[str], bool],
        *,
        timeout_s: float = 8.0,
    ) -> None:
        self._permits = permits
        self._timeout_s = timeout_s
        self._auth = (
            httpx.DigestAuth(credentials.username, credentials.password) if credentials else None
        )
        self._client = httpx.AsyncClient(
            verify=_own_certificates(),
            follow_redirects=False,
            trust_env=False,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=4, max_keepalive_connections=1),
            headers={"User-Agent": "camhub", "Accept-Encoding": "identity"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], max_bytes: int
    ) -> Answer:
        """Send a request body. Raises OpenError for whatever is not an answer."""
        return await self._request("POST", url, body, headers, max_bytes)

    async def get(self, url: str, max_bytes: int) -> Answer:
        """Fetch. Raises OpenError for whatever is not an answer."""
        return await self._request("GET", url, b"", {}, max_bytes)

    async def _request(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], max_bytes: int
    ) -> Answer:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        port = parts.port or _PORTS[scheme]
        address = (await permitted_addresses(host, port, self._permits))[0]
        netloc = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        request = self._client.build_request(
            method,
            parts._replace(netloc=netloc, fragment="").geturl(),
            content=body or None,
            headers={**headers, "Host": parts.netloc.rpartition("@")[2]},
            extensions={"sni_hostname": host} if scheme == "https" else {},
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.send(request, auth=self._auth, stream=True)
                try:
                    return await _read(response, max_bytes)
                finally:
                    await response.aclose()
        except (httpx.TimeoutException, TimeoutError):
            raise _silent() from None
        except (httpx.TransportError, httpx.InvalidURL, ssl.SSLError) as error:
            raise _unreached(error) from None


async def _read(response: httpx.Response, max_bytes: int) -> Answer:
    if 300 <= response.status_code < 400:
        raise OpenError(
            "the device sends its visitors to another address",
            hint="give the address of the device service itself",
            code="redirected",
        )
    body = bytearray()
    async for part in response.aiter_raw(16_384):
        body += part
        if len(body) > max_bytes:
            raise refused("its answer is too long", "too_big")
    offered = response.headers.get_list("www-authenticate")
    return Answer(
        response.status_code,
        response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        bytes(body),
        tuple(dict.fromkeys(line.partition(" ")[0][:20].capitalize() for line in offered if line)),
    )


def _silent() -> OpenError:
    return OpenError(
        "the device did not answer in time",
        hint="check the address and its port, the network on the way, and firewalls",
        code="timeout",
    )


def _unreached(error: Exception) -> OpenError:
    """Translate an error of httpx; nothing of its text is kept."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return OpenError(
                "the device's host refuses the connection",
                hint="check the port, and that ONVIF is switched on",
                code="refused",
            )
        if isinstance(cause, ssl.SSLError):
            return OpenError(
                "the device speaks no TLS that can be agreed upon",
                hint="try http:// instead of https://",
                code="tls",
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, (httpx.RemoteProtocolError, httpx.LocalProtocolError)):
        return refused("it does not speak HTTP", "no_http")
    if isinstance(error, httpx.ReadError):
        return OpenError(
            "the device closed the connection", hint="it may have restarted", code="closed"
        )
    return OpenError(
        "the device's host cannot be reached",
        hint="check the address and the network on the way",
        code="unreachable",
    )


def _own_certificates() -> ssl.SSLContext:
    """Devices sign their certificates themselves; what is secret is sent as a digest only."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
