"""SOAP 1.2 without a WSDL, for services of which the ONVIF library ships none.

The log-in is the library's, the transport and the rules for what comes back are those of ``soap``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from lxml import etree
from onvif.client import UsernameDigestTokenDtDiff

from camera_registry.model import Credentials
from ingest.onvif.http import DeviceHttp
from ingest.onvif.soap import document, refusal
from ingest.onvif.xml import MAX_BYTES, printable, refused
from ingest.open_errors import OpenError

_SOAP = "http://www.w3.org/2003/05/soap-envelope"


class PlainSoap:
    """One service of a device: ``await service.call("GetProfiles", [("Type", "PTZ")])``."""

    def __init__(
        self,
        url: str,
        namespace: str,
        http: DeviceHttp,
        credentials: Credentials | None,
        clock_ahead: timedelta | None,
    ) -> None:
        self._url = url
        self._namespace = namespace
        self._http = http
        self._credentials = credentials
        self._clock_ahead = clock_ahead

    async def call(self, operation: str, params: Sequence[tuple[str, str]] = ()) -> etree._Element:
        """Call an operation, signed where there are credentials; return the element of its answer.

        ``params`` become elements in the order given. Raises OpenError.
        """
        body = etree.tostring(
            self._envelope(operation, params), xml_declaration=True, encoding="utf-8"
        )
        action = f"{self._namespace}/{operation}"
        headers = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        root = document(await self._http.post(self._url, body, headers, MAX_BYTES))
        found = root.find(f"{{{_SOAP}}}Body")
        answer = None if found is None else next(iter(found), None)
        if answer is not None and answer.tag == f"{{{_SOAP}}}Fault":
            raise _fault(answer, operation)
        if answer is None or answer.tag != f"{{{self._namespace}}}{operation}Response":
            raise refused(f"its answer to {operation} is not that of ONVIF")
        return answer

    def _envelope(self, operation: str, params: Sequence[tuple[str, str]]) -> etree._Element:
        envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"s": _SOAP})
        etree.SubElement(envelope, f"{{{_SOAP}}}Header")
        body = etree.SubElement(envelope, f"{{{_SOAP}}}Body")
        asked = etree.SubElement(
            body, f"{{{self._namespace}}}{operation}", nsmap={None: self._namespace}
        )
        for name, value in params:
            etree.SubElement(asked, f"{{{self._namespace}}}{name}").text = value
        if self._credentials is not None:
            given = self._credentials
            UsernameDigestTokenDtDiff(
                given.username, given.password, dt_diff=self._clock_ahead, use_digest=True
            ).apply(envelope, {})
        return envelope


def _fault(fault: etree._Element, operation: str) -> OpenError:
    values = (
        value.text or "" for value in fault.iterfind(f".//{{{_SOAP}}}Subcode/{{{_SOAP}}}Value")
    )
    subcodes = " ".join(value.rpartition(":")[2] for value in values)
    reason = printable(fault.findtext(f"{{{_SOAP}}}Reason/{{{_SOAP}}}Text"))
    return refusal(subcodes, reason, operation)
