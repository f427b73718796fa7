"""Names of codec profiles, as a person reads them."""

from __future__ import annotations

_H264 = {
    66: "Baseline",
    77: "Main",
    88: "Extended",
    100: "High",
    110: "High 10",
    122: "High 4:2:2",
    244: "High 4:4:4 Predictive",
}
_HEVC = {"1": "Main", "2": "Main 10", "3": "Main Still Picture", "4": "Range Extensions"}


def profile_name(codec_string: str) -> str:
    """Return profile and level of an RFC 6381 codec string; empty where it names none.

    ITU-T H.264 (08/2021) annex A, ITU-T H.265 (08/2021) annex A: level is level_idc / 10 and
    level_idc / 30.
    """
    parts = codec_string.split(".")
    if parts[0] == "avc1" and len(parts) == 2 and len(parts[1]) == 6:
        return _h264(parts[1])
    if parts[0] in ("hev1", "hvc1") and len(parts) >= 4:
        return _hevc(parts[1], parts[3])
    return ""


def _h264(digits: str) -> str:
    try:
        profile, flags, level = bytes.fromhex(digits)
    except ValueError:
        return ""
    name = _H264.get(profile, f"profile {profile}")
    if profile == 66 and flags & 0x40:
        name = "Constrained Baseline"
    return f"{name} {level / 10:.1f}"


def _hevc(profile: str, level: str) -> str:
    name = _HEVC.get(profile.lstrip("ABC"), f"profile {profile}")
    if not level[1:].isdigit():
        return name
    return f"{name} {int(level[1:]) / 30:.1f}"
