"""Says a finished English sentence in another language, by the template that it was made from.

A raise site writes ``f"There is a camera {name} already"``; the catalogue has the template
``There is a camera {0} already`` with its translation. A sentence is matched against the literal
parts of the templates, from left to right and without going back, so the work is bounded by the
length of the sentence whatever stands in it. Of several templates that fit, the one with the most
literal text counts.

In a translation ``{0}`` is filled as it stands in the sentence. ``{0:vi}`` (any word of letters
but ``n``) is a phrase of ours and is translated too; ``{0:n}`` fits a number only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from string import Formatter

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
_FIELD = re.compile(r"[A-Za-z][\w-]*(?:\.[\w-]+)*(?:, [a-z_]+)*: ")
"""The name of a field before what is said about it; names are for programs and stay."""
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class _Piece:
    """Literal text, then a hole; the last piece of a text has none (``hole`` < 0)."""

    literal: str
    hole: int = -1
    kind: str = ""


def pieces(template: str) -> tuple[_Piece, ...]:
    """Split a template. Raises ValueError where a hole has no number."""
    made = []
    for literal, name, kind, _ in Formatter().parse(template):
        made.append(_Piece(literal) if name is None else _Piece(literal, int(name), kind or ""))
    if not made or made[-1].hole >= 0:
        made.append(_Piece(""))
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A template with its translation; ``kinds`` says of which sort each hole is."""

    source: tuple[_Piece, ...]
    target: tuple[_Piece, ...]
    kinds: Mapping[int, str]

    @property
    def weight(self) -> int:
        return sum(len(piece.literal) for piece in self.source)

    def match(self, text: str) -> dict[int, str] | None:
        """Return what fills the holes, or None where the text is not made from this template."""
        first, last = self.source[0].literal, self.source[-1].literal
        end = len(text) - len(last)
        at = len(first)
        if end < at or not text.startswith(first) or not text.endswith(last):
            return None
        found: dict[int, str] = {}
        for piece, following in zip(self.source[:-1], self.source[1:], strict=True):
            final = following is self.source[-1]
            until = end if final else text.find(following.literal, at, end)
            if until < 0:
                return None
            found[piece.hole] = text[at:until]
            at = until + len(following.literal)
        return found if self._numbers(found) else None

    def _numbers(self, found: Mapping[int, str]) -> bool:
        return all(
            _NUMBER.fullmatch(value) for hole, value in found.items() if self.kinds.get(hole) == "n"
        )


class Phrasebook:
    """Templates with their translations, found by the first word of a sentence."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._fixed: dict[str, str] = {}
        self._by_word: dict[str, list[_Entry]] = {}
        for template, translation in entries.items():
            source, target = pieces(template), pieces(translation)
            if len(source) == 1:
                self._fixed[source[0].literal] = target[0].literal
                continue
            entry = _Entry(source, target, {each.hole: each.kind for each in target})
            self._by_word.setdefault(_first_word(source[0].literal), []).append(entry)
        for each in self._by_word.values():
            each.sort(key=_lightness)

    def say(self, text: str) -> str:
        """Return a text in this language; what has no entry stays as it is."""
        return self._with_hint(text) or self._sentence(text) or text

    def _with_hint(self, text: str) -> str | None:
        """Say an error that was written down with its hint: ``what happened (what to do)``."""
        message, _, hint = text.partition(" (")
        if not hint.endswith(")"):
            return None
        said, advised = self._sentence(message), self._sentence(hint[:-1])
        return None if said is None or advised is None else f"{said} ({advised})"

    def _sentence(self, text: str) -> str | None:
        """Say a sentence, and leave the name of a field before it as it is."""
        if text in self._fixed:
            return self._fixed[text]
        named = _FIELD.match(text)
        rest = self._say(text[named.end() :], 0) if named else None
        if named is not None and rest is not None:
            return named.group() + rest
        return self._say(text, 0)

    def _say(self, text: str, depth: int) -> str | None:
        if text in self._fixed:
            return self._fixed[text]
        for entry in self._candidates(text):
            found = entry.match(text)
            if found is not None:
                return "".join(self._filled(entry, found, depth))
        return None

    def _candidates(self, text: str) -> Iterable[_Entry]:
        """Return what may fit, the most literal text first."""
        word = _first_word(text)
        named = self._by_word.get(word, []) if word else []
        return merge(named, self._by_word.get("", []), key=_lightness)

    def _filled(self, entry: _Entry, found: Mapping[int, str], depth: int) -> Iterator[str]:
        for piece in entry.target:
            yield piece.literal
            if piece.hole >= 0:
                value = found[piece.hole]
                ours = piece.kind not in ("", "n") and depth < _DEEPEST
                yield (self._say(value, depth + 1) or value) if ours else value


def _lightness(entry: _Entry) -> int:
    return -entry.weight


def _first_word(text: str) -> str:
    word, blank, _ = text.partition(" ")
    return word if blank else ""
