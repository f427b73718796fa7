"""What the map is drawn over: nothing, a PMTiles archive, or tiles of a server.

``CAMHUB_MAP_TILES`` names it. Only what it names is ever served or fetched: the archive at one
address of the api, and one origin in the content security policy.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from camera_registry.base.errors import NotFoundError

ARCHIVE_PATH = "/api/v1/map/tiles.pmtiles"
MAX_RANGE = 2 * 2**20
"""More than any directory, tile or description of an archive takes."""

_SUFFIX = ".pmtiles"
_MAGIC = b"PMTiles\x03"
_VECTOR = (".mvt", ".pbf")
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\]")
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{1,15})?")


class BasemapKind(StrEnum):
    """How the wall gets the tiles."""

    NONE = "none"
    ARCHIVE = "archive"
    RASTER = "raster"
    VECTOR = "vector"


@dataclass(frozen=True, slots=True)
class Basemap:
    """``url`` is what a browser asks, ``origin`` what it may ask besides the hub itself.

    ``file`` is the archive where the api itself serves it.
    """

    kind: BasemapKind = BasemapKind.NONE
    url: str = ""
    origin: str = ""
    file: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Basemap:
        """Read the setting. Raises ValueError with words for what it cannot be."""
        text = text.strip()
        if not text:
            return cls()
        if "://" not in text:
            if not text.endswith(_SUFFIX):
                raise ValueError(f"a file of tiles has a name that ends in {_SUFFIX}")
            return cls(BasemapKind.ARCHIVE, ARCHIVE_PATH, "", Path(text))
        origin, path = _origin(text)
        if path.endswith(_SUFFIX):
            return cls(BasemapKind.ARCHIVE, text, origin)
        if any(text.count(part) != 1 for part in ("{z}", "{x}", "{y}")):
            raise ValueError(f"an address of tiles has {{z}}, {{x}}, {{y}} or ends in {_SUFFIX}")
        kind = BasemapKind.VECTOR if path.endswith(_VECTOR) else BasemapKind.RASTER
        return cls(kind, text, origin)


NO_BASEMAP = Basemap()


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of an archive: where they begin, how long it is, and which one it is."""

    body: bytes
    first: int
    size: int
    tag: str


def read_part(file: Path, wanted: str) -> Part | None:
    """Read what a Range header asks of the archive; None where that range cannot be had.

    Raises NotFoundError where the file is not there or is no archive.
    """
    try:
        # a pipe in its place must not hold up a thread
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _missing(f"cannot be read: {error.strerror}") from None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or os.pread(handle, len(_MAGIC), 0) != _MAGIC:
            raise _missing("is no PMTiles archive of version 3")
        found = _RANGE.fullmatch(wanted.strip())
        if found is None:
            return None
        first = int(found[1])
        last = min(int(found[2]) if found[2] else about.st_size, about.st_size - 1)
        if not first <= last or last - first >= MAX_RANGE:
            return None
        tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
        return Part(os.pread(handle, last - first + 1, first), first, about.st_size, tag)
    finally:
        os.close(handle)


def size_of(file: Path) -> int:
    """Return how long the archive is; 0 where it is not there."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _missing(why: str) -> NotFoundError:
    return NotFoundError(
        f"The file of map tiles {why}",
        hint="see the setting map_tiles (CAMHUB_MAP_TILES)",
        code="map_tiles_unavailable",
    )


def _origin(text: str) -> tuple[str, str]:
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValueError("the address of the tiles is no URL") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _HERE):
        raise ValueError("tiles come over https, or over http from this machine")
    if parts.username is not None or parts.fragment:
        raise ValueError("an address of tiles has no user name and no fragment")
    shown = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(shown):
        raise ValueError("the host of the tiles is none")
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else ""), parts.path
