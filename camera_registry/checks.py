"""What is accepted in the fields of a camera."""

from __future__ import annotations

import re
from collections.abc import Sequence

from camera_registry.base.errors import InvalidError
from camera_registry.base.ids import is_id
from camera_registry.model import Position

TRANSPORTS = ("tcp", "udp")
MAX_NAME = 120
MAX_TAGS = 20
MAX_TAG = 40
MAX_GROUPS = 50
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _text(field: str, value: str, limit: int) -> str:
    text = value.strip()
    if not text or len(text) > limit or not text.isprintable():
        raise InvalidError(f"{field}: give 1 to {limit} printable characters", code=field)
    return text


def checked_name(value: str) -> str:
    """Return the name without blanks around it. Raises InvalidError."""
    return _text("name", value, MAX_NAME)


def checked_tags(values: Sequence[str]) -> tuple[str, ...]:
    """Return the tags, each once, in their order. Raises InvalidError."""
    tags = tuple(dict.fromkeys(_text("tags", value, MAX_TAG) for value in values))
    if len(tags) > MAX_TAGS:
        raise InvalidError(f"tags: at most {MAX_TAGS}", code="tags")
    return tags


def checked_groups(values: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of groups, each once, sorted. Raises InvalidError."""
    groups = tuple(sorted(set(values)))
    if len(groups) > MAX_GROUPS or not all(map(is_id, groups)):
        raise InvalidError(f"groups: give at most {MAX_GROUPS} ids of camera groups", code="groups")
    return groups


def checked_detector(value: str) -> str:
    """Return the name of a model, empty for the node's own. Raises InvalidError."""
    if value and _MODEL.fullmatch(value) is None:
        raise InvalidError(
            "detector: is no name of a model", hint="see `camhub models list`", code="detector"
        )
    return value


def checked_gate(gate: str) -> str:
    """Return the mode of the activity gate. Raises InvalidError."""
    if gate not in ("auto", "off"):
        raise InvalidError("gate: is auto or off")
    return gate


def checked_priority(priority: int) -> int:
    """Return the priority. Raises InvalidError."""
    if not 0 <= priority <= 9:
        raise InvalidError("priority: is 0 to 9", hint="0 gives way first on an overloaded node")
    return priority


def checked_transport(value: str) -> str:
    """Return the transport. Raises InvalidError."""
    if value not in TRANSPORTS:
        raise InvalidError(f"transport: must be one of {', '.join(TRANSPORTS)}", code="transport")
    return value


def checked_position(value: Position | None) -> Position | None:
    """Return the position; None is none. Raises InvalidError."""
    if value is None or (-180 <= value.lon <= 180 and -90 <= value.lat <= 90):
        return value
    raise InvalidError(
        "position: lon must be within ±180 and lat within ±90",
        hint="longitude comes first",
        code="position",
    )
