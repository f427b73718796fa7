"""Paths of RTSP streams by maker: what to try where a camera says that it has no such stream."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from camera_registry.probe import MakerPaths


@dataclass(frozen=True, slots=True)
class _Maker:
    make: str
    server: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Makers:
    about: str
    makers: tuple[_Maker, ...]


@cache
def _makers() -> tuple[_Maker, ...]:
    data = files("camera_registry").joinpath("data/rtsp_paths.json").read_bytes()
    return msgspec.json.decode(data, type=_Makers).makers


def paths_to_try(*clues: str) -> tuple[MakerPaths, ...]:
    """Return the paths of the maker that a clue names (a make, a Server header, a realm); those of
    every maker where none does. The file's order is that of how widespread the makers are.
    """
    text = " ".join(clues).lower()
    known = [
        maker
        for maker in _makers()
        if maker.make.lower().split(" ")[0] in text.split()
        or any(clue in text for clue in maker.server)
    ]
    return tuple(MakerPaths(maker.make, maker.paths) for maker in known or _makers())
