"""Codes that people call cameras by: the scheme of an installation, and what a code may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Formatter

from camera_registry.base.errors import ConfigError, InvalidError
from camera_registry.model import CameraClass

DEFAULT_SCHEME = "{unit}-{class}-{number:04}"
MAX_CODE = 40

SHORT: dict[CameraClass, str] = {
    CameraClass.TRAFFIC: "TRF",
    CameraClass.PUBLIC_PLACE: "PUB",
    CameraClass.COUNTER: "CNT",
    CameraClass.GATE: "GAT",
    CameraClass.BUILDING: "BLD",
    CameraClass.PARK: "PRK",
    CameraClass.WATERWAY: "WTR",
    CameraClass.OTHER: "OTH",
}
"""How a class is written in a code."""

_CODE = re.compile(rf"[A-Z0-9][A-Z0-9._/-]{{0,{MAX_CODE - 1}}}")
_LITERAL = re.compile(r"[A-Z0-9._/-]*")
_WIDTH = re.compile(r"0?[1-9]?")


def checked_code(value: str) -> str:
    """Return a code in capital letters; empty asks for one of the scheme. Raises InvalidError."""
    code = value.strip().upper()
    if code and _CODE.fullmatch(code) is None:
        raise InvalidError(
            f"code: use 1 to {MAX_CODE} letters A-Z, digits, dots, dashes, slashes or underscores",
            hint="leave it empty and the naming scheme gives one",
            code="code",
        )
    return code


class CodeScheme:
    """A pattern of ``{unit}``, ``{class}`` and, exactly once, ``{number}`` (``{number:04}``)."""

    def __init__(self, pattern: str = DEFAULT_SCHEME) -> None:
        self._parts: list[tuple[str, str, str]] = []
        try:
            for literal, field, form, conversion in Formatter().parse(pattern):
                if conversion or not _known(field, form or ""):
                    raise ValueError
                if _LITERAL.fullmatch(literal.upper()) is None:
                    raise ValueError
                self._parts.append((literal.upper(), field or "", form or ""))
            numbers = sum(field == "number" for _, field, _ in self._parts)
            longest = self.code("99999", CameraClass.OTHER, 9_999_999)
            if numbers != 1 or _CODE.fullmatch(longest) is None:
                raise ValueError
        except ValueError:
            raise ConfigError(
                f"The naming scheme {pattern[:80]!r} cannot be used",
                hint=f"write for example {DEFAULT_SCHEME}",
                code="code_scheme",
            ) from None

    def code(self, unit: str, camera_class: CameraClass, number: int) -> str:
        """Return the code of a number."""
        return self._write(unit, camera_class, lambda form: format(number, f"{form}d"))

    def series(self, unit: str, camera_class: CameraClass) -> str:
        """Name the series in which numbers run: a code without its number."""
        return self._write(unit, camera_class, lambda _: "#")

    def fits(self, code: str, unit: str, camera_class: CameraClass) -> bool:
        """Say whether a code is one that this scheme could give."""
        pattern = "".join(
            re.escape(literal) + ("([0-9]+)" if field == "number" else re.escape(value))
            for literal, field, value in self._filled(unit, camera_class)
        )
        found = re.fullmatch(pattern, code)
        return found is not None and self.code(unit, camera_class, int(found[1])) == code

    def _filled(self, unit: str, camera_class: CameraClass) -> list[tuple[str, str, str]]:
        values = {"unit": unit, "class": SHORT[camera_class], "number": "", "": ""}
        return [(literal, field, values[field]) for literal, field, _ in self._parts]

    def _write(self, unit: str, camera_class: CameraClass, number: Callable[[str], str]) -> str:
        filled = self._filled(unit, camera_class)
        return "".join(
            literal + (number(form) if field == "number" else value)
            for (literal, field, value), (_, _, form) in zip(filled, self._parts, strict=True)
        )


def _known(field: str | None, form: str) -> bool:
    if field == "number":
        return _WIDTH.fullmatch(form) is not None
    return field in (None, "unit", "class") and not form
