"""The session description of one camera (RFC 4566; fmtp of RFC 6184, RFC 7798 and RFC 6416)."""

from __future__ import annotations

import base64
import ipaddress

from ingest.simulator.nal import Codec
from ingest.simulator.rtp import PAYLOAD_TYPE, PreparedClip

TRACK = "trackID=0"


def _format(clip: PreparedClip) -> str:
    encoded = [base64.b64encode(nal).decode() for nal in clip.parameter_sets]
    if clip.codec is Codec.H264:
        fmtp = "packetization-mode=1"
        sps = [nal for nal in clip.parameter_sets if nal[0] & 0x1F == 7]
        if sps:
            fmtp += f";profile-level-id={sps[0][1:4].hex().upper()}"
            fmtp += f";sprop-parameter-sets={','.join(encoded)}"
        return fmtp
    if clip.codec is Codec.H265:
        names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
        found: dict[str, list[str]] = {}
        for nal, text in zip(clip.parameter_sets, encoded, strict=True):
            found.setdefault(names[(nal[0] >> 1) & 0x3F], []).append(text)
        return ";".join(f"{name}={','.join(values)}" for name, values in found.items())
    config = b"".join(clip.parameter_sets).hex().upper()
    return f"profile-level-id=1;config={config}"


def describe(clip: PreparedClip, *, name: str, host: str, session: int) -> bytes:
    """Return the SDP of camera ``name``; ``session`` is any number that tells versions apart."""
    family = "IP6" if ipaddress.ip_address(host).version == 6 else "IP4"
    unspecified = "::" if family == "IP6" else "0.0.0.0"  # the client knows where it asked
    fmtp = _format(clip)
    lines = [
        "v=0",
        f"o=- {session} 1 IN {family} {host}",
        f"s={name}",
        f"c=IN {family} {unspecified}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {clip.codec.value}/90000",
        *([f"a=fmtp:{PAYLOAD_TYPE} {fmtp}"] if fmtp else []),
        f"a=framerate:{clip.fps:g}",
        f"a=control:{TRACK}",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()
