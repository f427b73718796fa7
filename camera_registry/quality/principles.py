"""Judges a camera by each principle. Each check costs its share of a score, and says why.

A check that nothing is known for is left out of the mean and reported at no cost, so that mending
what was found never lowers a score.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping

from camera_registry.details import codec_name
from camera_registry.model import Camera
from camera_registry.naming import CodeScheme
from camera_registry.quality.density import dori, level, pixels_per_metre
from camera_registry.quality.model import Facts, Finding, Principle, Use
from camera_registry.quality.standard import Standard

Check = tuple[float | None, str, str, dict[str, str]]
"""Score (None: not known), code and field of the finding, and the values of its words."""
Judged = tuple[float | None, list[Finding]]


def correct(facts: Facts, standard: Standard) -> Judged:
    """The point lies in its unit, the clock is right, the stream as declared, the density fit."""
    return _mean(
        Principle.CORRECT,
        [_inside(facts), _clock(facts, standard), _stream(facts, standard), _density(facts)],
    )


def complete(facts: Facts, standard: Standard) -> Judged:
    """Every field that the standard asks of this class is filled in."""
    camera = facts.camera
    return _mean(
        Principle.COMPLETE,
        [
            (float(_filled(camera, field)), "missing", field, {})
            for field in standard.mandatory[camera.camera_class]
        ],
    )


def clean(facts: Facts, scheme: CodeScheme) -> Judged:
    """No other camera is the same one, and the code is one of the scheme's."""
    camera = facts.camera
    checks: list[Check] = [
        (float(field not in facts.doubles), f"double_{field}", field, {})
        for field in ("url", "serial", "position")
    ]
    fits = scheme.fits(camera.code, camera.unit_code, camera.camera_class)
    checks.append((float(fits), "code", "code", {"code": camera.code}))
    return _mean(Principle.CLEAN, checks)


def live(facts: Facts) -> Judged:
    """Return the share of the last day with fresh pictures; a disabled camera is not judged."""
    share = facts.live_share
    if not facts.camera.enabled:
        return _mean(Principle.LIVE, [(None, "disabled", "enabled", {})])
    if share is None:
        return _mean(Principle.LIVE, [(None, "no_history", "url", {})])
    percent = {"percent": str(int(100 * share))}
    return _mean(Principle.LIVE, [(share, "dead" if share == 0 else "gaps", "url", percent)])


def unified(facts: Facts, standard: Standard, units: Callable[[str], bool]) -> Judged:
    """Name, unit and codec are within the standard."""
    camera = facts.camera
    composed = unicodedata.is_normalized("NFC", camera.name) and "  " not in camera.name
    named = composed and standard.name.fullmatch(camera.name) is not None
    codec = _codec(facts)
    fits = None if not codec else float(codec in standard.codecs)
    return _mean(
        Principle.UNIFIED,
        [
            (float(named), "name", "name", {}),
            (float(units(camera.unit_code)), "unit", "unit_code", {}),
            (fits, "codec" if codec else "no_codec", "url", {"codec": codec}),
        ],
    )


def shared(uses: Mapping[Use, bool], *, young: bool) -> Judged:
    """Wall, events and other systems use it. Kinds that nobody counts are left out."""
    if young and not any(uses.values()):
        return _mean(Principle.SHARED, [(None, "young", "purpose", {})])
    return _mean(
        Principle.SHARED,
        [(float(used), f"unused_{kind.value}", "purpose", {}) for kind, used in uses.items()],
    )


def _mean(principle: Principle, checks: Iterable[Check]) -> Judged:
    listed = list(checks)
    known = [score for score, *_ in listed if score is not None]
    findings = []
    for score, code, field, values in listed:
        if score == 1.0:
            continue
        lost = 0.0 if score is None else (1.0 - score) / len(known)
        findings.append(Finding(principle, code, field, lost, tuple(values.items())))
    return (sum(known) / len(known) if known else None), findings


def _inside(facts: Facts) -> Check:
    away = facts.metres_outside
    if away is None:
        code = "no_position" if facts.camera.position is None else "no_polygon"
        return None, code, "position", {}
    return float(away == 0), "outside", "position", {"metres": f"{away:.0f}"}


def _clock(facts: Facts, standard: Standard) -> Check:
    offset = facts.measure.clock_offset_s if facts.measure else None
    if offset is None:
        return None, "no_clock", "url", {}
    values = {"seconds": f"{offset:+.1f}", "most": f"{standard.clock_s:g}"}
    return float(abs(offset) <= standard.clock_s), "clock", "clock", values


def _stream(facts: Facts, standard: Standard) -> Check:
    declared, seen = facts.camera.details.main, facts.measure
    wanted = [declared.codec, declared.width, declared.height, declared.fps]
    if seen is None or not seen.codec or not any(wanted):
        return None, "no_stream", "main", {}
    wrong = []
    if declared.codec and codec_name(declared.codec) != codec_name(seen.codec):
        wrong.append(f"{seen.codec} ≠ {declared.codec}")
    for_size = (declared.width, declared.height)
    if all(for_size) and seen.width and for_size != (seen.width, seen.height):
        wrong.append(f"{seen.width}×{seen.height} ≠ {declared.width}×{declared.height}")
    if declared.fps and seen.fps:
        off = abs(seen.fps - declared.fps) / declared.fps
        if off > standard.fps_tolerance:
            wrong.append(f"{seen.fps:.1f} ≠ {declared.fps:g} fps")
    return float(not wrong), "stream", "main", {"difference": ", ".join(wrong)}


def _density(facts: Facts) -> Check:
    details = facts.camera.details
    width = (facts.measure.width if facts.measure else 0) or details.main.width
    fov, view, target = details.fov_deg, details.view_m, details.target_px_m
    if not width or not fov or not view or not target or fov >= 180:
        return None, "no_density", "target_px_m", {}
    has = pixels_per_metre(width, fov, view)
    values = {
        "has": f"{has:.0f}",
        "wanted": f"{target:g}",
        "dori": dori(has) or "–",
        "level": level(has) or "–",
    }
    return min(1.0, has / target), "density", "target_px_m", values


def _codec(facts: Facts) -> str:
    seen = facts.measure.codec if facts.measure else ""
    return codec_name(seen or facts.camera.details.main.codec)


def _filled(camera: Camera, field: str) -> bool:
    if field == "credentials":
        return camera.has_credentials
    holder = camera if field in ("position", "tags", "groups") else camera.details
    value = getattr(holder, field)
    return value is not None and value != "" and value != ()
