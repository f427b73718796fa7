"""Entity tags (RFC 9110, 8.8 and 13.1): what has changed since somebody looked.

A tag is the version of the thing, and after a dot a digest of what else an answer shows, such as a
camera's state. If-None-Match compares all of it, If-Match the version alone: whoever changes a
camera does not care that its state has changed meanwhile.
"""

from __future__ import annotations

import hashlib
import re

from camera_registry.base.errors import CamhubError, InvalidError, Kind

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]{0,80})"')
_VERSION = re.compile(r"([0-9]{1,18})(?:\.[0-9a-f]+)?")
MAX_HEADER = 2000


def etag(version: int, shown: object = None) -> str:
    """Return the tag of a version; ``shown`` is what else the answer depends on."""
    if shown is None:
        return f'"{version}"'
    digest = hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
    return f'"{version}.{digest}"'


def unchanged(if_none_match: str, tag: str) -> bool:
    """Say whether one of the tags of If-None-Match is this one."""
    if if_none_match.strip() == "*":
        return True
    return tag.strip('"') in _TAG.findall(if_none_match[:MAX_HEADER])


def required_version(if_match: str) -> int | None:
    """Return the version that If-Match asks for; None where it asks for none or for any.

    Raises InvalidError for a header that is no list of tags, and a CamhubError of kind STALE where
    no tag of it is one of ours: then nothing can match.
    """
    text = if_match.strip()
    if not text or text == "*":
        return None
    tags = _TAG.findall(text[:MAX_HEADER])
    if not tags:
        raise InvalidError("If-Match: is no entity tag", hint="repeat the ETag that you were given")
    versions = [int(found[1]) for tag in tags if (found := _VERSION.fullmatch(tag))]
    if len(tags) > 1 or not versions:
        raise CamhubError(
            "If-Match names no version of this",
            hint="repeat the one ETag that you were given",
            kind=Kind.STALE,
        )
    return versions[0]
