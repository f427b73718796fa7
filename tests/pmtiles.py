"""Writes small PMTiles archives (version 3) and vector tiles, as their specifications say."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

MVT, PNG = 1, 2
EXTENT = 4096
_GZIP, _PLAIN = 2, 1

Ring = Sequence[tuple[int, int]]


def write_pmtiles(
    path: Path,
    tiles: Mapping[tuple[int, int, int], bytes],
    *,
    kind: int,
    about: Mapping[str, object] | None = None,
) -> None:
    """Write an archive of ``tiles`` by (zoom, x, y); vector tiles are compressed in it."""
    packed = {
        tile_id(*place): gzip.compress(body, mtime=0) if kind == MVT else body
        for place, body in tiles.items()
    }
    bodies = dict(sorted(packed.items()))
    directory = gzip.compress(_directory(list(bodies), [len(b) for b in bodies.values()]), mtime=0)
    metadata = gzip.compress(json.dumps(about or {}).encode(), mtime=0)
    data = b"".join(bodies.values())
    root_at = 127
    metadata_at = root_at + len(directory)
    data_at = metadata_at + len(metadata)
    zooms = [place[0] for place in tiles]
    header = b"PMTiles\x03" + struct.pack(
        "<11Q",
        *(root_at, len(directory), metadata_at, len(metadata), data_at, 0, data_at, len(data)),
        *(len(bodies), len(bodies), len(bodies)),
    )
    header += bytes([1, _GZIP, _GZIP if kind == MVT else _PLAIN, kind, min(zooms), max(zooms)])
    header += struct.pack("<4i", -1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000)
    header += bytes([0]) + struct.pack("<2i", 0, 0)
    path.write_bytes(header + directory + metadata + data)


def tile_id(zoom: int, x: int, y: int) -> int:
    """Number of a tile: those of lower zooms first, then along the Hilbert curve."""
    before = sum(1 << 2 * z for z in range(zoom))
    along, side = 0, (1 << zoom) // 2
    while side > 0:
        right, below = int(x & side > 0), int(y & side > 0)
        along += side * side * ((3 * right) ^ below)
        if below == 0:
            if right == 1:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        side //= 2
    return before + along


def vector_tile(layers: Mapping[str, Sequence[Ring]]) -> bytes:
    """Return a tile with one polygon for each ring; clockwise in its own coordinates."""
    return b"".join(_field(3, _layer(name, rings)) for name, rings in layers.items())


def _layer(name: str, rings: Sequence[Ring]) -> bytes:
    features = b"".join(_field(2, _number(3, 3) + _field(4, _geometry(ring))) for ring in rings)
    return _number(15, 2) + _field(1, name.encode()) + features + _number(5, EXTENT)


def _geometry(ring: Ring) -> bytes:
    commands, at = [], (0, 0)
    for place, (x, y) in enumerate(ring):
        if place < 2:
            commands.append(9 if place == 0 else ((len(ring) - 1) << 3) | 2)
        commands += [_zigzag(x - at[0]), _zigzag(y - at[1])]
        at = (x, y)
    return b"".join(_varint(value) for value in [*commands, 15])


def _directory(ids: Sequence[int], lengths: Sequence[int]) -> bytes:
    steps = [after - before for before, after in zip([0, *ids], ids, strict=False)]
    offsets = [1] + [0] * (len(ids) - 1)
    columns = [len(ids), *steps, *([1] * len(ids)), *lengths, *offsets]
    return b"".join(_varint(value) for value in columns)


def _zigzag(value: int) -> int:
    return (value << 1) ^ (value >> 31)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, body: bytes) -> bytes:
    return _varint((field << 3) | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
