"""XML from devices: small, without a document type, without entities. Nothing else is read."""

from __future__ import annotations

from lxml import etree

from ingest.open_errors import OpenError

MAX_BYTES = 1024 * 1024
_MAX_DEPTH = 64
_MAX_ELEMENTS = 20_000


def parse(data: bytes) -> etree._Element:
    """Return the root of a document.

    libxml2 gets it piece by piece, so that a document that is too deep or has too many elements is
    given up early; entities are neither expanded nor looked up, and a document type is refused
    (CWE-776, CWE-611). Raises OpenError of code ``bad_xml``.
    """
    if len(data) > MAX_BYTES:
        raise refused("its answer is too long", "too_big")
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    depth = elements = 0
    try:
        for begin in range(0, len(data), 16_384):
            parser.feed(data[begin : begin + 16_384])
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                elements += event == "start"
                if elements == 1 and event == "start":
                    _no_doctype(element)
                if depth > _MAX_DEPTH or elements > _MAX_ELEMENTS:
                    raise refused("its answer has too many elements")
        root = parser.close()
    except (etree.XMLSyntaxError, ValueError) as error:
        raise refused("its answer is no XML") from error
    _no_doctype(root)
    return root


def _no_doctype(element: etree._Element) -> None:
    if element.getroottree().docinfo.doctype:
        raise refused("its answer declares a document type, which could hold entities")


def refused(what: str, code: str = "bad_xml") -> OpenError:
    """Return the error for an answer that is not to be read."""
    return OpenError(
        f"the device cannot be understood: {what}",
        hint="check that this is the address of an ONVIF device; restart it if it worked before",
        code=code,
    )


def printable(text: object, limit: int = 120) -> str:
    """Return what a device calls something, as one line that can be shown."""
    if not isinstance(text, str):
        return ""
    return "".join(sign for sign in text.strip() if sign.isprintable())[:limit]
