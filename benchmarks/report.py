"""What a benchmark found: figures beside their peers, as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. ``peer`` is the same thing of something else, from the same run.

    ``target`` is the most that is asked for, or None. Lower is better for every figure with either,
    unless ``higher`` says the contrary: then it is the least.
    """

    name: str
    value: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    target: float | None = None
    higher: bool = False

    @property
    def ratio(self) -> float | None:
        """Value over peer; None without a peer, or where a score is below nothing."""
        if self.peer is None or self.peer <= 0 or self.value < 0:
            return None
        return self.value / self.peer

    @property
    def missed(self) -> bool:
        """Whether a target was set and not reached."""
        if self.target is None:
            return False
        return self.value < self.target if self.higher else self.value > self.target

    @property
    def asked(self) -> str:
        """The target in words; empty without one."""
        return "" if self.target is None else f"{'>=' if self.higher else '<='} {self.target:.3g}"


@dataclass(frozen=True, slots=True)
class Result:
    """Everything of one run of one benchmark; ``started`` is RFC 3339 in UTC.

    ``keys`` are the few values that others read by name; they stand at the top of the JSON.
    """

    benchmark: str
    command: str
    machine: str
    started: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, float | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values, with ratios and misses worked out."""
        body = asdict(self) | self.keys
        body["figures"] = [
            asdict(figure) | {"ratio": figure.ratio, "missed": figure.missed}
            for figure in self.figures
        ]
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Result:
        """Read what ``to_json`` wrote."""
        known = Figure.__dataclass_fields__
        figures = tuple(
            Figure(**{key: value for key, value in figure.items() if key in known})
            for figure in body["figures"]
        )
        own = {key: value for key, value in body.items() if key in cls.__dataclass_fields__}
        return cls(**(own | {"figures": figures, "notes": tuple(body["notes"])}))


class Run:
    """A benchmark under way: remembers machine, time and command of its beginning."""

    def __init__(self, benchmark: str) -> None:
        self._benchmark = benchmark
        self._machine = describe()
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        arguments = shlex.join(sys.argv[1:])
        self._command = f"python -m benchmarks.{benchmark} {arguments}".strip()

    def result(
        self,
        figures: Iterable[Figure],
        notes: Iterable[str],
        details: dict[str, Any],
        keys: dict[str, float | None] | None = None,
    ) -> Result:
        """Close the run; a missed target becomes a note, so that nobody has to look for it."""
        kept = tuple(figures)
        missed = [
            f"target missed: {figure.name} is {figure.value:.3g} {figure.unit}, "
            f"asked for {figure.asked}"
            for figure in kept
            if figure.missed
        ]
        return Result(
            self._benchmark,
            self._command,
            self._machine,
            self._started,
            kept,
            (*missed, *notes),
            details,
            keys or {},
        )


def table(results: Sequence[Result]) -> str:
    """Write figures as a table with machine, commands and notes."""
    head = ("benchmark", "figure", "value", "peer", "ratio", "target")
    rows = [head]
    for result in results:
        rows += [_row(result.benchmark, figure) for figure in result.figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "-" * len(lines[0]))
    for result in results:
        lines += ["", f"{result.benchmark}: {result.command}", f"  {result.started}"]
        lines += [f"  {result.machine}", *(f"  note: {note}" for note in result.notes)]
    return "\n".join(lines)


def _row(benchmark: str, figure: Figure) -> tuple[str, str, str, str, str, str]:
    peer = f"{figure.peer:.3g} {figure.peer_name}" if figure.peer is not None else "-"
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else "-"
    target = "-"
    if figure.target is not None:
        target = f"{'MISSED' if figure.missed else 'met'} ({figure.asked})"
    return benchmark, figure.name, f"{figure.value:.3g} {figure.unit}", peer, ratio, target


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def parser(description: str | None, *, seconds: float) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", type=Path, help="write the result here")
    made.add_argument("--seconds", type=float, default=seconds, help="of one window")
    made.add_argument("--windows", type=int, default=3, help="the median of so many is shown")
    return made


def finish(result: Result, path: Path | None) -> None:
    """Print the table and, where asked, write the JSON."""
    print(table([result]), flush=True)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result.to_json(), indent=1, ensure_ascii=False) + "\n")
