"""An ONVIF device that is open for questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from onvif.definition import SERVICES

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError
from camera_registry.model import Credentials
from camera_registry.probe import OnvifService
from ingest.onvif import answers
from ingest.onvif.http import DeviceHttp
from ingest.onvif.plain_soap import PlainSoap
from ingest.onvif.soap import SoapService
from ingest.open_errors import OpenError

MEDIA = SERVICES["media"]["ns"]
PTZ = SERVICES["ptz"]["ns"]


class OnvifDevice:
    """Questions to one device, by the address of its device service.

    Its clock is read first, unsigned: the log-in is made in the device's own time, so that a clock
    that is wrong does not lock us out. Services are asked at the host that was given, whatever the
    device says: a log-in never goes to another machine. Every method raises OpenError.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None,
        permits: Callable[[str], bool],
        clock: Clock,
        *,
        timeout_s: float = 8.0,
    ) -> None:
        self.url = url
        self._credentials = credentials
        self._clock = clock
        self.http = DeviceHttp(credentials, permits, timeout_s=timeout_s)
        self._open: dict[str, SoapService] = {}
        self._known: tuple[OnvifService, ...] | None = None
        self.clock_ahead: timedelta | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for service in self._open.values():
            await service.close()
        await self.http.__aexit__()

    async def greet(self) -> float | None:
        """Ask for the device's time; return its clock less ours in seconds, None where it has none.

        The first question to a device: what it raises tells why there is no device.
        """
        service = SoapService("devicemgmt", self.url, self.http, None)
        try:
            await service.open()
            before = self._clock.utc_us()
            answer = await service.call("GetSystemDateAndTime", signed=False)
            middle_us = (before + self._clock.utc_us()) / 2
        finally:
            await service.close()
        told = answers.moment(answer)
        if told is None:
            return None
        # it tells whole seconds: half of one is the best guess
        offset_s = told.timestamp() + 0.5 - middle_us / 1e6
        self.clock_ahead = timedelta(seconds=offset_s)
        return round(offset_s, 1)

    async def call(self, service: str, operation: str, params: object = None) -> Any:
        """Call an operation of a service (``devicemgmt``, ``media``, ``ptz``), signed."""
        return await (await self._service(service)).call(operation, params)

    async def services(self) -> tuple[OnvifService, ...]:
        """Return the services that the device has, at addresses of the host that was asked."""
        if self._known is None:
            self._known = tuple(
                replace(service, url=self._here(service.url)) for service in await self._listed()
            )
        return self._known

    async def has(self, namespace: str) -> bool:
        """Say whether the device has a service."""
        return any(service.namespace == namespace for service in await self.services())

    async def plain(self, namespace: str) -> PlainSoap:
        """Return a service that the library has no WSDL of; one that is not there is an error."""
        url = await self._url_of(namespace, namespace)
        return PlainSoap(url, namespace, self.http, self._credentials, self.clock_ahead)

    async def _listed(self) -> tuple[OnvifService, ...]:
        try:
            answer = await self.call("devicemgmt", "GetServices", {"IncludeCapability": False})
            found = answers.services(answer)
        except CamhubError as error:
            if error.code not in ("not_supported", "fault"):
                raise
            found = ()
        if found:
            return found
        answer = await self.call("devicemgmt", "GetCapabilities", {"Category": "All"})
        return answers.capabilities(answer)

    async def _service(self, name: str) -> SoapService:
        if name not in self._open:
            url = (
                self.url if name == "devicemgmt" else await self._url_of(name, SERVICES[name]["ns"])
            )
            made = SoapService(name, url, self.http, self._credentials, self.clock_ahead)
            self._open[name] = made
            await made.open()
        return self._open[name]

    async def _url_of(self, name: str, namespace: str) -> str:
        for service in await self.services():
            if service.namespace == namespace:
                return service.url
        raise OpenError(
            f"the device has no {name} service",
            hint="check that it is switched on in the device's settings",
            code="not_supported",
        )

    def _here(self, url: str) -> str:
        """Return a service's address at the host that was asked; the path alone is believed."""
        asked = urlsplit(self.url)
        try:
            told = urlsplit(url)
            same = told.hostname == asked.hostname and told.scheme in ("http", "https")
            port = told.port
        except ValueError:
            return self.url
        if same and port != 0:
            return told._replace(netloc=told.netloc.rpartition("@")[2], fragment="").geturl()
        return asked._replace(path=told.path or asked.path, query=told.query).geturl()
