"""The rule document: a camera's rules as JSON, read from anybody, and its JSON Schema.

``python -m analytics.rulebook.document`` writes the schema anew beside this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from analytics.rulebook.book import AnyRule, Rulebook
from camera_registry.base.errors import InvalidError

MAX_SIZE = 64 * 1024
SCHEMA_PATH = Path(__file__).with_name("rules.schema.json")

_decoder = msgspec.json.Decoder(Rulebook)
_encoder = msgspec.json.Encoder(order="deterministic")


def decode_rules(data: bytes) -> Rulebook:
    """Read a document. Raises InvalidError with the place and the reason, in one line."""
    if len(data) > MAX_SIZE:
        raise InvalidError(
            f"the rules are {len(data)} bytes long", hint=f"at most {MAX_SIZE}", code="rules"
        )
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        reason = str(error).replace("`", "")[:300]
        words = "".join(letter if letter.isprintable() else "?" for letter in reason)
        raise InvalidError(
            f"the rules cannot be read: {words}",
            hint="see analytics/rulebook/rules.schema.json",
            code="rules",
        ) from None


def encode_rules(rulebook: Rulebook) -> bytes:
    """Write a document: the same bytes for equal rules."""
    return _encoder.encode(rulebook)


def revised(before: Rulebook, after: Rulebook, version: int) -> Rulebook:
    """Return ``after`` with the versions of its rules set by us.

    A rule that is as it was before keeps its version; one that is new or changed gets ``version``.
    Where that is the number of the document, the version of a rule never comes again for another.
    """
    known = {rule.id: rule for rule in before.rules}

    def one(rule: AnyRule) -> AnyRule:
        old = known.get(rule.id)
        if old is not None and msgspec.structs.replace(rule, version=old.version) == old:
            return old
        return msgspec.structs.replace(rule, version=version)

    return msgspec.structs.replace(after, rules=tuple(one(rule) for rule in after.rules))


def json_schema() -> bytes:
    """Return the schema (2020-12) of the document, indented."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "camhub rules of one camera",
        **_steady(msgspec.json.schema(Rulebook)),
    }
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=2) + b"\n"


def _steady(part: Any) -> Any:
    """Put lists of words in order: those that come from sets have none of their own."""
    if isinstance(part, dict):
        return {key: _steady(value) for key, value in part.items()}
    if isinstance(part, list):
        inner = [_steady(value) for value in part]
        return sorted(inner) if all(isinstance(value, str) for value in inner) else inner
    return part


if __name__ == "__main__":
    SCHEMA_PATH.write_bytes(json_schema())
