"""The WSDLs' own schemas, as an arbiter between the client and the test device.

libxml2 checks each body against the XSD that stands in the WSDL file: nothing of zeep, of the
client or of the device is asked. The library ships no WSDL of Media2; ``media2/*.xsd`` is our own
writing of the part of its contract that is used.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import onvif
from lxml import etree

WSDL = Path(onvif.__file__).parent / "wsdl"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_FILES = {
    "http://www.onvif.org/ver10/device/wsdl": "devicemgmt.wsdl",
    "http://www.onvif.org/ver10/media/wsdl": "media.wsdl",
    "http://www.onvif.org/ver20/ptz/wsdl": "ptz.wsdl",
}
_MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"


@cache
def schema(namespace: str) -> etree.XMLSchema:
    """Return the schema of a service's messages."""
    if namespace == _MEDIA2:
        return _media2_schema()
    path = WSDL / _FILES[namespace]
    found = etree.parse(str(path)).find(f".//{_XS}schema")
    assert found is not None
    return etree.XMLSchema(etree.fromstring(etree.tostring(found), base_url=str(path)))


def _media2_schema() -> etree.XMLSchema:
    with tempfile.TemporaryDirectory() as name:
        for path in (*WSDL.iterdir(), *(Path(__file__).parent / "media2").iterdir()):
            (Path(name) / path.name).symlink_to(path)
        return etree.XMLSchema(file=str(Path(name) / "media2.xsd"))


@cache
def discovery_schema() -> etree.XMLSchema:
    """Return the schema of WS-Discovery, its one import taken from the file beside it."""
    text = (WSDL / "ws-discovery.xsd").read_bytes()
    text = text.replace(
        b'schemaLocation="http://schemas.xmlsoap.org/ws/2004/08/addressing"',
        b'schemaLocation="./addressing"',
    )
    return etree.XMLSchema(etree.fromstring(text, base_url=str(WSDL / "ws-discovery.xsd")))


def body_of(envelope: etree._Element) -> etree._Element:
    """Return the one element in the body of a SOAP 1.2 envelope."""
    assert envelope.tag == f"{{{SOAP}}}Envelope", "no SOAP 1.2"
    body = envelope.find(f"{{{SOAP}}}Body")
    assert body is not None
    assert len(body) == 1
    return body[0]


def check(body: etree._Element) -> None:
    """Raise AssertionError where a message is not as its WSDL has it."""
    namespace = etree.QName(body).namespace
    assert namespace in (*_FILES, _MEDIA2), f"no service has {body.tag}"
    rules = schema(namespace)
    alone = etree.fromstring(etree.tostring(body))
    assert rules.validate(alone), f"{body.tag}: {rules.error_log.last_error}"
