"""SOAP to a device by onvif-zeep-async, whose WSDLs and log-in are used, over our own transport.

Its own transport follows redirects, reads answers of any length and lets libxml2 take huge trees;
a device is a stranger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import onvif
import structlog
import zeep.exceptions
from lxml import etree
from onvif.client import ONVIFService
from onvif.definition import SERVICES
from requests import Response
from zeep.settings import Settings

from camera_registry.base.errors import CamhubError
from camera_registry.model import Credentials
from ingest.onvif.http import Answer, DeviceHttp
from ingest.onvif.xml import MAX_BYTES, parse, printable, refused
from ingest.open_errors import OpenError

log = structlog.get_logger(__name__)

_WSDL = Path(onvif.__file__).parent / "wsdl"
_SETTINGS = Settings(strict=False, forbid_dtd=True, forbid_entities=True, forbid_external=True)
_KINDS = frozenset(("application/soap+xml", "text/xml", "application/xml", ""))
_GARBLED = (
    zeep.exceptions.Error,
    etree.LxmlError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)


class LoginRefusedError(OpenError):
    """The device refuses the log-in; ``schemes`` are those that HTTP offered, if any."""

    def __init__(self, schemes: tuple[str, ...] = ()) -> None:
        offered = f" ({', '.join(schemes)})" if schemes else ""
        super().__init__(
            f"the device refuses the user name or password{offered}",
            hint="check the credentials, and that this user may use ONVIF",
            code="auth_failed",
        )
        self.schemes = schemes


class FaultError(OpenError):
    """The device refuses an operation; ``subcodes`` are those of ONVIF, local names alone."""

    def __init__(self, message: str, subcodes: str) -> None:
        super().__init__(message, hint="see its own web page for its state", code="fault")
        self.subcodes = subcodes


class _Transport:
    """What zeep sends by. Answers are parsed by our rules and handed on as plain new XML."""

    cache = None

    def __init__(self, http: DeviceHttp) -> None:
        self._http = http

    async def post_xml(
        self, address: str, envelope: etree._Element, headers: Mapping[str, str]
    ) -> Response:
        answer = await self._http.post(address, etree.tostring(envelope), headers, MAX_BYTES)
        return _response(answer)

    async def aclose(self) -> None:
        """Nothing: the connection belongs to who made it."""


def document(answer: Answer) -> etree._Element:
    """Return the root of an answer that may be SOAP. Raises OpenError for what cannot be."""
    if answer.status == 401:
        raise LoginRefusedError(answer.schemes)
    if answer.status == 404:
        raise OpenError(
            "the device has no such ONVIF service",
            hint="the usual path is /onvif/device_service; check that ONVIF is switched on",
            code="not_onvif",
        )
    if answer.kind not in _KINDS:
        raise refused("its answer is no SOAP", "not_onvif")
    return parse(answer.body)


def _response(answer: Answer) -> Response:
    root = document(answer)
    made = Response()
    made.status_code = answer.status
    made._content = etree.tostring(root)  # noqa: SLF001 - as zeep's own transport does
    made.headers["Content-Type"] = "application/soap+xml; charset=utf-8"
    made.encoding = "utf-8"
    return made


class SoapService:
    """One service of a device: ``await service.call("GetProfiles")``."""

    def __init__(
        self,
        name: str,
        url: str,
        http: DeviceHttp,
        credentials: Credentials | None,
        clock_ahead: timedelta | None = None,
    ) -> None:
        known = SERVICES[name]
        self._name = name
        self._service = ONVIFService(
            url,
            credentials.username if credentials else None,
            credentials.password if credentials else None,
            str(_WSDL / known["wsdl"]),
            no_cache=True,
            dt_diff=clock_ahead,
            binding_name=f"{{{known['ns']}}}{known['binding']}",
        )
        self._http = http
        self._signed = credentials is not None

    async def open(self) -> None:
        """Load the WSDL, at the first time in a process in a thread of its own."""
        own = self._service.transport
        self._service.transport = _Transport(self._http)
        await own.aclose()
        await self._service.setup()
        for client in (self._service.zeep_client, self._service.zeep_client_authless):
            client.settings = _SETTINGS

    async def close(self) -> None:
        """Close what the library has opened."""
        await self._service.close()

    async def call(self, operation: str, params: object = None, *, signed: bool = True) -> Any:
        """Call an operation and return what the WSDL makes of the answer.

        Unsigned where there are no credentials or ``signed`` is false. Raises OpenError.
        """
        prefix = "" if signed and self._signed else "authless_"
        try:
            return await getattr(self._service, f"{prefix}{operation}")(params)
        except CamhubError:
            raise
        except zeep.exceptions.Fault as fault:
            raise _fault(fault, operation) from None
        except zeep.exceptions.TransportError as error:
            raise refused(f"it answers with HTTP status {error.status_code}", "not_onvif") from None
        except _GARBLED as error:
            log.info("onvif_answer_garbled", operation=operation, error=type(error).__name__)
            raise refused(f"its answer to {operation} is not that of the ONVIF WSDL") from None


def _fault(fault: zeep.exceptions.Fault, operation: str) -> OpenError:
    subcodes = " ".join(getattr(code, "localname", str(code)) for code in fault.subcodes or ())
    return refusal(subcodes, printable(str(fault.message or "")), operation)


def refusal(subcodes: str, reason: str, operation: str) -> OpenError:
    """Translate a SOAP fault by its subcodes (ONVIF Core 5.11.2.2)."""
    if any(word in subcodes for word in ("NotAuthorized", "FailedAuthentication")):
        return LoginRefusedError()
    if any(word in subcodes for word in ("ActionNotSupported", "NotSupported", "PTZNotSupported")):
        return OpenError(f"the device does not offer {operation}", hint="", code="not_supported")
    return FaultError(f"the device refuses {operation}: {reason or 'without a reason'}", subcodes)
