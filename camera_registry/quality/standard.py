"""The city's standard: what the score asks of a camera. Read from TOML, every part replaceable."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from camera_registry.base.errors import ConfigError
from camera_registry.details import codec_name
from camera_registry.model import CameraClass
from camera_registry.quality.model import Principle

MANDATORY_FIELDS = frozenset(
    {
        *("position", "tags", "groups", "credentials"),
        *("address", "owner", "purpose", "make", "model", "serial", "firmware"),
        *("installed_on", "checked_on", "sign_posted"),
        *("height_m", "azimuth_deg", "fov_deg", "view_m", "target_px_m"),
    }
)
"""Fields that a standard can ask for."""
_MAX_BYTES = 2**18

Positive = Annotated[float, Meta(gt=0, le=1_000_000)]
Weight = Annotated[float, Meta(ge=0, le=1000)]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    clock_s: Positive
    fps_tolerance: Positive
    measure_days: Positive
    codecs: tuple[str, ...]
    name_pattern: str
    weights: dict[Principle, Weight]
    mandatory: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Standard:
    """See ``data/quality_standard.toml`` for what each means."""

    clock_s: float
    fps_tolerance: float
    measure_days: float
    codecs: frozenset[str]
    name: re.Pattern[str]
    weights: Mapping[Principle, float]
    mandatory: Mapping[CameraClass, tuple[str, ...]]

    @classmethod
    def load(cls, own: Path | None = None) -> Standard:
        """Read the standard that comes with camhub and, over it, an installation's own.

        Raises ConfigError that names what is wrong in the file.
        """
        shipped = resources.files("camera_registry") / "data" / "quality_standard.toml"
        values = tomllib.loads(shipped.read_text(encoding="utf-8"))
        try:
            if own is not None:
                given = tomllib.loads(own.read_bytes()[:_MAX_BYTES].decode())
                for table in ("weights", "mandatory"):
                    if isinstance(given.get(table), dict):
                        given[table] = values[table] | given[table]
                values |= given
            return _standard(msgspec.convert(values, _File, strict=False))
        except (OSError, ValueError, re.error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(
                f"The quality standard {own} cannot be used: {str(reason)[:200]}",
                hint="see camera_registry/data/quality_standard.toml for what it may hold",
                code="quality_standard",
            ) from None


def _standard(file: _File) -> Standard:
    classes = {each.value for each in CameraClass}
    for name, fields in file.mandatory.items():
        if name != "all" and name not in classes:
            raise ValueError(f"mandatory: there is no class {name!r}")
        for field in fields:
            if field not in MANDATORY_FIELDS:
                raise ValueError(f"mandatory.{name}: {field!r} is no field that can be asked for")
    if not any(file.weights.values()):
        raise ValueError("weights: all of them are 0")
    everywhere = file.mandatory.get("all", ())
    return Standard(
        file.clock_s,
        file.fps_tolerance,
        file.measure_days,
        frozenset(map(codec_name, file.codecs)),
        re.compile(file.name_pattern),
        {each: file.weights.get(each, 0.0) for each in Principle},
        {
            each: tuple(dict.fromkeys((*everywhere, *file.mandatory.get(each.value, ()))))
            for each in CameraClass
        },
    )
