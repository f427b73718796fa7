"""Walks the bytes of an ONNX file far enough to refuse one that names other files.

onnxruntime would read such files, wherever the model says that they are, and no sha256 of the model
covers them. The walk knows Protocol Buffers' wire format and the few fields of ``onnx.proto3`` that
lead to a tensor; it builds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from camera_registry.base.errors import ConfigError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DATA_LOCATION, _EXTERNAL_DATA, _EXTERNAL = 14, 13, 1

# message → number of a field → the message that it holds (onnx.proto3)
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        22: "sparse",
        23: "sparse",
    },
    "sparse": {1: "tensor", 2: "tensor"},
}
_MAX_DEPTH = 64


class _BrokenError(ValueError):
    pass


def refuse_external_data(name: str, data: bytes) -> None:
    """Raise ConfigError where a tensor of the model lies in another file, or it is no ONNX file."""
    try:
        external = _external(memoryview(data), "model", 0)
    except _BrokenError as error:
        raise ConfigError(
            f"model {name}: it is no ONNX file: {error}",
            hint="install the model again",
            code="model_refused",
        ) from None
    if external:
        raise ConfigError(
            f"model {name}: it keeps weights in another file",
            hint="export it as one file",
            code="model_external_data",
        )


def _external(message: memoryview, kind: str, depth: int) -> bool:
    if depth > _MAX_DEPTH:
        raise _BrokenError("it is nested too deeply")
    inner = _FIELDS.get(kind, {})
    for number, value in _fields(message):
        if kind == "tensor":
            if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value == _EXTERNAL):
                return True
        elif (
            number in inner
            and isinstance(value, memoryview)
            and _external(value, inner[number], depth + 1)
        ):
            return True
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise _BrokenError("a field has the number 0")
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        elif wire in {_FIXED32, _FIXED64}:
            size = 4 if wire == _FIXED32 else 8
        else:
            raise _BrokenError(f"wire type {wire} is not known")
        if size > len(message) - at:
            raise _BrokenError("it ends in the middle of a field")
        if wire == _BYTES:
            yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise _BrokenError("it ends in the middle of a number")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
