"""The words of /live/ws: what a wall asks for, what it is told, and the header of a frame."""

from __future__ import annotations

import struct
from typing import Literal

import msgspec

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.base.ids import is_id
from camera_registry.model import CameraState
from ingest.packets import Packet, StreamInfo

VERSION = 1
KEYFRAME = 1
HEADER = struct.Struct(">BBHIqqq")
"""version, flags, tile, seq (low 32 bits), capture, arrival and sent time in UTC microseconds."""

MAX_MESSAGE = 16 * 1024
MAX_TILE = 0xFFFF
_LAST_US = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z: the last instant that RFC 3339 can write."""


class _Tile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tile: int
    camera: str


class _Watch(msgspec.Struct, frozen=True):
    type: Literal["watch"]
    tiles: list[_Tile]


_decode = msgspec.json.Decoder(_Watch).decode
_encode = msgspec.json.Encoder().encode


def read_watch(text: str, max_tiles: int) -> dict[int, str]:
    """Read a client's message: tile → camera, the whole set that it wants from now on.

    Raises InvalidError with one line that says what is wrong with it.
    """
    try:
        wanted = _decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidError(f"not a watch message: {error}", code="bad_message") from error
    if len(wanted.tiles) > max_tiles:
        raise InvalidError(f"at most {max_tiles} tiles at once", code="too_many_tiles")
    tiles: dict[int, str] = {}
    for each in wanted.tiles:
        if not 0 <= each.tile <= MAX_TILE:
            raise InvalidError(f"a tile's number is 0 to {MAX_TILE}", code="bad_message")
        if each.tile in tiles:
            raise InvalidError(f"tile {each.tile} is there twice", code="bad_message")
        if not is_id(each.camera):
            raise InvalidError(f"tile {each.tile}: that is no camera id", code="bad_message")
        tiles[each.tile] = each.camera
    return tiles


def frame(tile: int, packet: Packet, sent_us: int) -> bytes:
    """Write one binary message: 32 bytes of header and the access unit as the camera coded it."""
    header = HEADER.pack(
        VERSION,
        KEYFRAME if packet.keyframe else 0,
        tile,
        packet.seq & 0xFFFFFFFF,
        packet.utc_us,
        packet.arrival_us,
        sent_us,
    )
    return header + packet.data


def tile_message(tile: int, camera_id: str, info: StreamInfo) -> str:
    """Say what the next frames of a tile are. The codec is what WebCodecs takes, or ``mjpeg``."""
    return _text(
        {
            "type": "tile",
            "tile": tile,
            "camera": camera_id,
            "codec": info.codec if info.codec == "mjpeg" else info.codec_string,
            "width": info.width,
            "height": info.height,
        }
    )


def state_message(state: CameraState) -> str:
    """Tell a camera's state."""
    return _text(
        {
            "type": "state",
            "camera": state.camera_id,
            "state": state.state.value,
            "reason_code": state.reason_code,
            "reason": state.reason,
            "since": _iso(state.since_us),
            "updated": _iso(state.updated_us),
        }
    )


def skipped_message(tile: int, frames: int) -> str:
    """Say that frames were left out before the one that comes next."""
    return _text({"type": "skipped", "tile": tile, "frames": frames})


def denied_message(tile: int, camera_id: str, code: str) -> str:
    """Say that a tile gets nothing: ``forbidden`` or ``not_found``."""
    return _text({"type": "denied", "tile": tile, "camera": camera_id, "code": code})


def error_message(error: InvalidError) -> str:
    """Answer a message that could not be taken."""
    return _text({"type": "error", "code": error.code, "detail": error.message})


def _iso(us: int) -> str:
    return us_to_iso(min(max(us, 0), _LAST_US))


def _text(value: dict[str, object]) -> str:
    return _encode(value).decode()
