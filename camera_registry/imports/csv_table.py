"""Rows of a CSV file: UTF-8 with or without a mark, UTF-16 with one, or windows-1258."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from camera_registry.base.errors import InvalidError
from camera_registry.imports.limits import Limits, Row, bounded

ENCODINGS = ("utf-8", "utf-16", "windows-1258")
_DELIMITERS = ",;\t|"
_SAMPLE = 64 * 1024


@contextmanager
def open_csv(path: Path, limits: Limits, encoding: str = "") -> Iterator[Iterator[Row]]:
    """Yield the rows of a file; an empty ``encoding`` is found out. Raises InvalidError."""
    if encoding and encoding not in ENCODINGS:
        raise InvalidError(
            f"The encoding {encoding[:30]!r} is not known",
            hint="choose one of " + ", ".join(ENCODINGS),
            code="encoding",
        )
    chosen = encoding or _encoding_of(path)
    # utf-8-sig and utf-16 both swallow the mark at the beginning
    codec = {"utf-8": "utf-8-sig", "windows-1258": "cp1258"}.get(chosen, chosen)
    with path.open("r", encoding=codec, errors="strict", newline="") as file:
        yield _rows(file, limits)


def _rows(file: io.TextIOBase, limits: Limits) -> Iterator[Row]:
    try:
        sample = file.read(_SAMPLE)
        if "\0" in sample:
            raise InvalidError(
                "The file is neither a CSV file nor a workbook",
                hint="save it as .xlsx, or as CSV in UTF-8",
                code="file_kind",
            )
        file.seek(0)
        reader = csv.reader(file, delimiter=_delimiter(sample), strict=False)
        for number, cells in enumerate(reader, start=1):
            # windows-1258 writes a vowel and its tone as two signs
            texts = [unicodedata.normalize("NFC", cell).strip() for cell in cells]
            yield bounded(number, texts, limits)
    except UnicodeError:
        raise InvalidError(
            "The file's letters cannot be read",
            hint="save it as CSV in UTF-8, or as .xlsx",
            code="encoding",
        ) from None
    except csv.Error as error:
        raise InvalidError(
            f"The file is no readable CSV: {error}",
            hint="save it again as CSV in UTF-8, or as .xlsx",
            code="file_kind",
        ) from None


def _encoding_of(path: Path) -> str:
    """Tell UTF-8 by reading the whole file: no text in windows-1258 with marks is valid UTF-8."""
    with path.open("rb") as raw:
        head = raw.read(2)
    if head in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        with path.open("r", encoding="utf-8", errors="strict") as file:
            while file.read(_SAMPLE):
                pass
    except UnicodeDecodeError:
        return "windows-1258"
    return "utf-8"


def _delimiter(sample: str) -> str:
    """Return the separator that stands most often in the first line, outside quotation marks."""
    line = next((line for line in sample.splitlines() if line.strip()), "")
    bare = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)
