"""Reading a stranger's SDP: what we accept of it before any of it reaches a peer connection."""

from __future__ import annotations

import re

from aiortc.sdp import MediaDescription, SessionDescription

from camera_registry.base.errors import InvalidError

MAX_SDP = 64 * 1024
_MAX_SECTIONS = 2
_ICE_CHARS = re.compile(r"[A-Za-z0-9+/]+")
_MID = re.compile(r"[A-Za-z0-9._~-]{1,16}")
_FINGERPRINT = re.compile(r"([0-9A-Fa-f]{2}:)+[0-9A-Fa-f]{2}")
_PARSE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What aiortc's parser raises on text that is no SDP: it checks with asserts and indexing."""


def read_offer(text: str) -> str:
    """Check an offer and return it as it is given to the peer connection: without candidates.

    The browser finds us, we need not look for it: the addresses that an offer names would have this
    gateway send packets to whatever host a stranger chose. Its own checks tell us where it is (peer
    reflexive candidates, RFC 8445, section 7.3.1.3). Raises InvalidError with what is wrong.
    """
    if len(text) > MAX_SDP:
        raise _bad("the offer is too long")
    text = _without_candidates(text)
    try:
        offer = SessionDescription.parse(text)
    except _PARSE_ERRORS as error:
        raise _bad("this is no SDP that can be read") from error
    videos = [media for media in offer.media if media.kind == "video"]
    if len(videos) != 1 or len(offer.media) > _MAX_SECTIONS:
        raise _bad("an offer has exactly one video section, and at most an audio section beside it")
    if {media.kind for media in offer.media} - {"video", "audio"}:
        raise _bad("an offer has no sections but video and audio")
    if videos[0].direction not in ("recvonly", "sendrecv"):
        raise _bad("the video section has to be recvonly")
    if not any(codec.mimeType.lower() == "video/h264" for codec in videos[0].rtp.codecs):
        raise InvalidError(
            "The offer has no H.264, and live video is passed on as the camera coded it",
            hint="use a browser that decodes H.264, or the WebSocket",
            code="no_h264",
        )
    for media in offer.media:
        _check_section(media)
    return text


def _check_section(media: MediaDescription) -> None:
    ice, dtls = media.ice, media.dtls
    if ice is None or not _ice(ice.usernameFragment, 4) or not _ice(ice.password, 22):
        raise _bad("a section has no usable ice-ufrag and ice-pwd")
    if dtls is None or not 0 < len(dtls.fingerprints) <= 8:
        raise _bad("a section has no setup or no fingerprint")
    if not all(_FINGERPRINT.fullmatch(each.value) for each in dtls.fingerprints):
        raise _bad("a fingerprint cannot be read")
    if not media.rtcp_mux:
        raise _bad("a section does without rtcp-mux")
    if not _MID.fullmatch(media.rtp.muxId or ""):
        raise _bad("a section has no usable mid")
    if not all(1 <= each.id <= 14 for each in media.rtp.headerExtensions):
        raise _bad("a header extension has an id that is not 1 to 14")


def _ice(value: str | None, least: int) -> bool:
    return (
        value is not None and least <= len(value) <= 256 and _ICE_CHARS.fullmatch(value) is not None
    )


def _without_candidates(text: str) -> str:
    kept = [
        line
        for line in text.splitlines()
        if not line.startswith(("a=candidate", "a=end-of-candidates", "a=remote-candidates"))
    ]
    return "\r\n".join(kept) + "\r\n"


def _bad(what: str) -> InvalidError:
    return InvalidError(f"The offer cannot be used: {what}", code="bad_offer")
