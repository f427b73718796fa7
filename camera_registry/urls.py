"""Which camera URLs are accepted, and how they are cut into an address and credentials.

A camera's URL makes a worker open a connection, so it is checked against allowed networks before
it is stored. No error ever repeats the URL: it may hold a password.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from camera_registry.base.errors import ConfigError, ForbiddenError, InvalidError
from camera_registry.model import Credentials
from camera_registry.url_form import plain

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL = 2048
ONVIF_PATH = "/onvif/device_service"
"""ONVIF Core 5.1.1: where the device service is."""

MAX_CREDENTIAL = 256
_STREAM_PORTS = {"rtsp": 554, "rtsps": 322}
_SERVICE_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")
HIDDEN_NAMES = (
    r"(?<![a-z0-9])(?:[a-z0-9]{0,20}(?:password|passwd|passwort|passcode|pwd)|loginpas|pass|psw)"
)
"""How makers call a password in paths and queries, such as ``user=admin_password=…_channel=1``."""

_SECRET = re.compile(HIDDEN_NAMES + r"=(?!_[a-z]+=)[^&;/]", re.IGNORECASE)
_EXAMPLE = "write for example rtsp://10.1.2.3:554/stream1"
_SERVICE_EXAMPLE = "write for example http://10.1.2.3/onvif/device_service"


@dataclass(frozen=True, slots=True)
class CameraUrl:
    """A normalised URL without credentials, and the credentials that stood in it, if any."""

    url: str
    credentials: Credentials | None


class UrlPolicy:
    """Allowed networks. Without a list: all but loopback, link-local, multicast, unspecified.

    With a list, an address must lie in one of its networks. ``loopback`` lets this machine in, for
    a hub that serves nobody else. A host name is accepted here, except
    for localhost: who connects resolves it and asks :meth:`permits` for the address it got.
    """

    def __init__(
        self, networks: Sequence[Network] | None = None, *, loopback: bool = False
    ) -> None:
        self._loopback = loopback
        self._networks = None if networks is None else tuple(networks)

    @classmethod
    def parse(cls, networks: Iterable[str], *, loopback: bool = False) -> UrlPolicy:
        """Make a policy from CIDR texts; an empty list means the default."""
        listed = list(networks)
        try:
            parsed = [ipaddress.ip_network(text) for text in listed] if listed else None
            return cls(parsed, loopback=loopback)
        except ValueError as error:
            raise ConfigError(
                f"An allowed camera network cannot be read: {error}",
                hint="write for example 10.0.0.0/8",
                code="networks",
            ) from None

    @property
    def limited(self) -> bool:
        """Whether the settings name the networks that cameras may be in."""
        return self._networks is not None

    def accept_device(self, text: str) -> str:
        """Check and normalise what somebody gives as an ONVIF device: its host suffices.

        Raises as :meth:`accept_service` does.
        """
        scheme, mark, _ = text.partition("://")
        if mark and scheme.casefold() not in _SERVICE_PORTS:
            raise InvalidError(
                "url: the address must begin with rtsp:// for a stream or http:// for a device",
                hint="the host alone does for an ONVIF device",
                code="url",
            )
        url = self.accept_service(text if mark else f"http://{text}")
        parts = urlsplit(url)
        return url if parts.path.strip("/") else parts._replace(path=ONVIF_PATH).geturl()

    def permits(self, address: str) -> bool:
        """Say whether a worker may connect to an IP address."""
        try:
            ip: Address = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(ip, ipaddress.IPv6Address):
            if ip.scope_id is not None:
                return False
            ip = ip.ipv4_mapped or ip
        if ip.is_loopback and self._loopback:
            return True
        if self._networks is not None:
            return any(ip in network for network in self._networks)
        return not (
            ip.is_loopback
            or ip.is_link_local
            or ip.is_multicast
            or ip.is_unspecified
            or ip == ipaddress.IPv4Address("255.255.255.255")
            or (ip.version == 4 and ip in ipaddress.IPv4Network("0.0.0.0/8"))
        )

    def accept(self, text: str) -> CameraUrl:
        """Check and normalise a URL.

        Raises InvalidError where it is no usable RTSP URL and ForbiddenError where its network is
        not allowed.
        """
        return self._accept(text, _STREAM_PORTS)

    def accept_service(self, text: str) -> str:
        """Check and normalise the URL of a device service, http or https, without credentials.

        Raises as :meth:`accept` does.
        """
        try:
            accepted = self._accept(text, _SERVICE_PORTS)
        except InvalidError as error:
            words = error.message.replace("url: the camera URL", "onvif_url: the address")
            raise InvalidError(words, hint=_SERVICE_EXAMPLE, code="onvif_url") from None
        if accepted.credentials is not None:
            raise InvalidError(
                "onvif_url: the address holds credentials; give username and password apart",
                hint=_SERVICE_EXAMPLE,
                code="onvif_url",
            )
        return accepted.url

    def _accept(self, text: str, ports: Mapping[str, int]) -> CameraUrl:
        if len(text) > MAX_URL or not text.isprintable() or any(c.isspace() for c in text):
            raise _bad("has blanks or control characters, or is too long")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise _bad("cannot be read: check the host and the port") from None
        if parts.scheme not in ports:
            raise _bad(f"must begin with {', '.join(f'{scheme}://' for scheme in ports)}")
        if not host:
            raise _bad("has no host")
        if port == 0:
            raise _bad("has port 0")
        if parts.fragment:
            raise _bad("has a fragment (#…), which no camera gets to see")
        behind = unquote(f"{parts.path}?{parts.query}")
        if _SECRET.search(behind):
            raise _bad("holds a password in its path or query; give username and password apart")
        if "@" in parts.path or "@" in parts.query:
            # of rtsp://admin:12/34@10.1.2.3/ the host would be "admin" and the password a path
            raise _bad(
                "has an @ behind its host: write one of the path as %40, "
                "and give a password that has / or ? in it apart"
            )
        netloc = self._host(host)
        if port is not None and port != ports[parts.scheme]:
            netloc += f":{port}"
        path = plain(quote(parts.path, safe="/%:=@,;+$!*'()&~-._"))
        query = plain(quote(parts.query, safe="/%:=@,;+$!*'()&~-._?"))
        url = f"{parts.scheme}://{netloc}{path}" + (f"?{query}" if query else "")
        return CameraUrl(url, _credentials(parts.username, parts.password))

    def _host(self, host: str) -> str:
        try:
            ip: Address | None = ipaddress.ip_address(host)
        except ValueError:
            ip = None
        if ip is not None:
            if not self.permits(host):
                raise _forbidden()
            return f"[{ip.compressed}]" if ip.version == 6 else str(ip)
        try:
            name = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            raise _bad("has a host name that cannot be read") from None
        labels = name.rstrip(".").split(".")
        # 127.1, 2130706433 and 0x7f.1 are loopback to the system's resolver; nobody writes a
        # camera's address so, and a real top-level domain is never a number.
        if _NAME.fullmatch(name) is None or re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]):
            raise _bad("has a host that is neither a name nor an IP address")
        if labels[-1] == "localhost" and not self.permits("127.0.0.1"):
            raise _forbidden()
        return name


def check_credentials(credentials: Credentials) -> Credentials:
    """Return them, or raise InvalidError where no camera could use them."""
    for field, value in (("username", credentials.username), ("password", credentials.password)):
        if len(value) > MAX_CREDENTIAL or any(ord(c) < 32 or ord(c) == 127 for c in value):
            raise InvalidError(f"{field}: too long, or has control characters", code="credentials")
    if not credentials.username or ":" in credentials.username:
        raise InvalidError(
            "username: must not be empty nor hold a colon (RFC 7617)", code="credentials"
        )
    return credentials


def _credentials(username: str | None, password: str | None) -> Credentials | None:
    if username is None and password is None:
        return None
    try:
        pair = Credentials(
            unquote(username or "", errors="strict"), unquote(password or "", errors="strict")
        )
    except UnicodeDecodeError:
        raise _bad("has a user name or password that is not UTF-8") from None
    return check_credentials(pair)


def _bad(what: str) -> InvalidError:
    return InvalidError(f"url: the camera URL {what}", hint=_EXAMPLE, code="url")


def _forbidden() -> ForbiddenError:
    return ForbiddenError(
        "url: cameras in this network are not allowed",
        hint="an administrator can allow it with the setting for camera networks",
        code="network_not_allowed",
    )
