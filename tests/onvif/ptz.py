"""The motors of the test device: a position that moves with time, and presets."""

from __future__ import annotations

import asyncio
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from tests.onvif import messages

_TT = "{http://www.onvif.org/ver10/schema}"
Vector = tuple[float, float, float]


class Motors:
    """Pan, tilt and zoom. ``speed`` is what it does now; ``ended_by`` why it last stood still.

    ``profile`` is the token of the one that was moved last.
    """

    def __init__(self) -> None:
        self.speed: Vector = (0.0, 0.0, 0.0)
        self.position: Vector = (0.0, 0.0, 0.0)
        self.presets: dict[str, tuple[str, Vector]] = {"1": ("Cổng chợ", (0.1, 0.2, 0.0))}
        self.stops = 0
        self.ended_by = ""
        self.timeouts: list[str] = []
        self.profile = ""
        self._timer: asyncio.TimerHandle | None = None
        self._next = 2

    @property
    def moving(self) -> bool:
        return self.speed != (0.0, 0.0, 0.0)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def answer(self, operation: str, request: etree._Element) -> str | None:
        """Do what is asked; None where it is not known or names no preset."""
        self.profile = _text(request, "ProfileToken")
        work = getattr(self, f"_{operation.lower()}", None)
        return None if work is None else work(request)

    def _continuousmove(self, request: etree._Element) -> str:
        self.end()
        self.speed = _vector(request)
        timeout = _text(request, "Timeout")
        self.timeouts.append(timeout)
        if timeout:
            seconds = float(timeout.removeprefix("PT").removesuffix("S"))
            self._timer = asyncio.get_running_loop().call_later(seconds, self._stand, "timeout")
        return messages.ptz("ContinuousMove")

    def _relativemove(self, request: etree._Element) -> str:
        x, y, z = _vector(request)
        self.position = (self.position[0] + x, self.position[1] + y, self.position[2] + z)
        return messages.ptz("RelativeMove")

    def _stop(self, _: etree._Element) -> str:
        self.stops += 1
        self._stand("stop")
        return messages.ptz("Stop")

    def _getpresets(self, _: etree._Element) -> str:
        found = "".join(
            f"<tptz:Preset token={quoteattr(token)}><tt:Name>{escape(name)}</tt:Name></tptz:Preset>"
            for token, (name, _) in self.presets.items()
        )
        return messages.ptz("GetPresets", found)

    def _gotopreset(self, request: etree._Element) -> str | None:
        token = _text(request, "PresetToken")
        if token not in self.presets:
            return None
        self.position = self.presets[token][1]
        return messages.ptz("GotoPreset")

    def _setpreset(self, request: etree._Element) -> str:
        token = _text(request, "PresetToken") or str(self._next)
        self._next += 1
        self.presets[token] = (_text(request, "PresetName"), self.position)
        return messages.ptz("SetPreset", f"<tptz:PresetToken>{escape(token)}</tptz:PresetToken>")

    def _removepreset(self, request: etree._Element) -> str | None:
        if self.presets.pop(_text(request, "PresetToken"), None) is None:
            return None
        return messages.ptz("RemovePreset")

    def _stand(self, why: str) -> None:
        self.end()
        self.speed, self.ended_by = (0.0, 0.0, 0.0), why


def _text(request: etree._Element, name: str) -> str:
    return next((each.text or "" for each in request.iter() if each.tag.endswith(f"}}{name}")), "")


def _vector(request: etree._Element) -> Vector:
    pan = next(request.iter(f"{_TT}PanTilt"), None)
    zoom = next(request.iter(f"{_TT}Zoom"), None)
    return (
        float(pan.get("x", "0")) if pan is not None else 0.0,
        float(pan.get("y", "0")) if pan is not None else 0.0,
        float(zoom.get("x", "0")) if zoom is not None else 0.0,
    )
