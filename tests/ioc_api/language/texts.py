"""Templates: a text with ``{0}``, ``{1}`` … where the source fills something in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

_FIELD = re.compile(r"[A-Za-z][\w-]*(?:\.[\w-]+)*(?:, [a-z_]+)*: ")


@dataclass(frozen=True)
class Hole:
    """A place that is filled at run time, with the fixed phrases of ours that it may be."""

    source: str
    phrases: frozenset[Text]


@dataclass(frozen=True)
class Text:
    """A template: literal parts, and the holes between them."""

    parts: tuple[str | Hole, ...]

    @property
    def holes(self) -> list[Hole]:
        return [part for part in self.parts if isinstance(part, Hole)]

    @property
    def template(self) -> str:
        count = itertools.count()
        shown = (
            f"{{{next(count)}}}" if isinstance(part, Hole) else _escaped(part)
            for part in self.parts
        )
        return "".join(shown)

    @property
    def without_field(self) -> Text:
        """The text without the name of the field that it begins with, as the catalogue has it."""
        first, *rest = self.parts or ("",)
        if isinstance(first, str):
            named = _FIELD.match(first)
            return Text((first[named.end() :], *rest)) if named else self
        if rest and isinstance(rest[0], str) and rest[0].startswith(": ") and len(rest[0]) > 1:
            following = rest[0][2:]
            return Text((following, *rest[1:]) if following else tuple(rest[1:]))
        return self

    @property
    def bare(self) -> bool:
        """Whether nothing in it is fixed."""
        return not any(isinstance(part, str) and part.strip() for part in self.parts)


def _escaped(part: str) -> str:
    return part.replace("{", "{{").replace("}", "}}")


def merged(parts: Iterator[str | Hole]) -> tuple[str | Hole, ...]:
    done: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and done and isinstance(done[-1], str):
            done[-1] += part
        else:
            done.append(part)
    return tuple(done)


def spread(text: Text) -> Iterator[Text]:
    """Return the texts that a text may be which is one hole and nothing else."""
    hole = text.parts[0] if len(text.parts) == 1 else None
    if isinstance(hole, Hole) and hole.phrases:
        yield from hole.phrases
    else:
        yield text
