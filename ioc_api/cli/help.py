"""Pages of help in the language of the terminal: our sentences, and click's own words around them.

Paragraphs are looked up whole. In a block that keeps its lines (click's ``\\b``) an indented line
is a command line and stays; where a description stands three blanks behind it, that is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from ioc_api.cli.terminal import spoken

_KEPT = "\b"


def told(text: str) -> str:
    """Return a text of help, cleaned of its margin, in the language of the terminal."""
    return "\n\n".join(_paragraph(each) for each in text.split("\n\n"))


def sentences(text: str) -> Iterator[str]:
    """Return what of a text of help is looked up."""
    for paragraph in text.split("\n\n"):
        if not paragraph.startswith(_KEPT):
            yield " ".join(paragraph.split())
            continue
        for line in paragraph.split("\n")[1:]:
            words = line if line[:1].strip() else line.strip().partition("   ")[2]
            if words.strip():
                yield words.strip()


def _paragraph(paragraph: str) -> str:
    if not paragraph.startswith(_KEPT):
        return spoken(" ".join(paragraph.split()))
    return "\n".join(_line(line) for line in paragraph.split("\n"))


def _line(line: str) -> str:
    for words in sentences(f"{_KEPT}\n{line}"):
        return line[: line.rindex(words)] + spoken(words)
    return line


def _cell(text: str) -> str:
    """Say the help of an option, and what click puts behind it in brackets."""
    words, blank, notes = ("", "", text[1:]) if text[:1] == "[" else text.partition("  [")
    if not notes:
        return spoken(text)
    each = (_note(note) for note in notes.removesuffix("]").split("; "))
    return f"{spoken(words)}{blank and '  '}[{'; '.join(each)}]"


def _note(note: str) -> str:
    words = note.removeprefix("default: ")
    given = "" if words == note else spoken("default:") + " "
    return given + spoken(words)


class Formatter(click.HelpFormatter):
    """Writes a page of help."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of usage."""
        super().write_usage(prog, args, prefix or f"{spoken('Usage:')} ")

    def write_heading(self, heading: str) -> None:
        """Write the head of a section."""
        super().write_heading(spoken(heading))

    def write_text(self, text: str) -> None:
        """Write what a command is for."""
        super().write_text(told(text))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write options or commands with what they do."""
        super().write_dl([(name, _cell(text)) for name, text in rows], col_max, col_spacing)


class SpeakingContext(click.Context):
    """A context whose help follows the locale."""

    formatter_class = Formatter
