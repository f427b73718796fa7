"""The keeping of quality and health over 50,000 cameras, on both databases.

Every camera has a month of states, one change a day, and scores of the thirteen days before. An api
runs alone beside a bus. It scores the day, and meanwhile the list of cameras is asked for again and
again: the slowest of those answers tells what the scoring takes from others. Then the pages of
quality and health are asked for, one request after another. Memory is the kernel's peak (VmHWM) of
the api's process, all that it does beside included.

Example: python -m benchmarks.quality --engine sqlite --cameras 50000 --requests 20
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import numbers
from benchmarks.lone_api import LoneApi, lone_api
from benchmarks.past import HEALTH_DAYS, SCORE_DAYS, give_past
from benchmarks.registry import ENGINES, database_url, fill
from benchmarks.report import Figure, Result, Run, finish, parser
from camera_registry.quality.model import Principle
from camera_registry.units import Units

_SCORED = "camhub_quality_cameras"
_LIMIT_S = 3600.0
Ask = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured on one engine; milliseconds by the kind of request."""

    scoring_s: float
    peak_mb: float
    beside: Sequence[float]
    pages: dict[str, Sequence[float]]


def _since(days: int) -> Ask:
    def ask(_: random.Random) -> str:
        since = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        return f"/api/v1/health/units?since={since.replace('+00:00', 'Z')}"

    return ask


def _fix_list(units: Sequence[str]) -> Ask:
    def ask(chance: random.Random) -> str:
        query = "limit=100"
        if units:
            query += f"&unit={chance.choice(units)}"
        if chance.random() < 0.5:
            query += f"&principle={chance.choice(list(Principle)).value}&below=0.9"
        return f"/api/v1/quality/cameras?{query}"

    return ask


def _pages() -> dict[str, Ask]:
    units = [unit.code for unit in Units.load()]
    return {
        "board by unit, 14 days": lambda _: "/api/v1/quality",
        "fix list of the city": _fix_list(()),
        "fix list of a unit": _fix_list(units),
        "outages": lambda _: "/api/v1/health/outages?limit=100",
        "uptime by unit, 1 day": _since(1),
        "uptime by unit, 7 days": _since(7),
        "uptime by unit, 30 days": _since(30),
    }


def _milliseconds(client: httpx.Client, path: str) -> float:
    begin = time.perf_counter()
    client.get(path).raise_for_status()
    return (time.perf_counter() - begin) * 1000


def _scored(client: httpx.Client) -> int:
    """Return how many cameras have a score of the day, as the api tells when it has done them."""
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == _SCORED and sample.labels["unit"] == "city":
                return int(sample.value)
    return 0


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def watch(api: LoneApi, client: httpx.Client, cameras: int) -> tuple[float, list[float]]:
    """Return how long the scoring took, and the milliseconds of lists asked for meanwhile."""
    begin, beside = time.monotonic(), []
    while _scored(client) < cameras:
        if time.monotonic() - begin > _LIMIT_S:
            raise RuntimeError(f"{_scored(client)} of {cameras} cameras scored in an hour")
        for _ in range(5):
            beside.append(_milliseconds(client, "/api/v1/cameras?limit=100"))
            time.sleep(0.1)
    return time.monotonic() - begin, beside


def measure_engine(engine: str, count: int, requests: int) -> Found:
    """Measure one engine."""
    with tempfile.TemporaryDirectory() as name, database_url(engine, Path(name)) as url:
        asyncio.run(fill(url, count))
        asyncio.run(give_past(url))
        with lone_api(Path(name) / "data", url) as api, api.client() as client:
            scoring_s, beside = watch(api, client, count)
            chance = random.Random(1)
            pages: dict[str, Sequence[float]] = {}
            for kind, ask in _pages().items():
                _milliseconds(client, ask(chance))
                pages[kind] = [_milliseconds(client, ask(chance)) for _ in range(requests)]
            return Found(scoring_s, _peak_mb(api.pid), beside, pages)


def measure(run: Run, engines: Sequence[str], count: int, requests: int) -> Result:
    """Measure the engines, one after another."""
    figures, details = [], {}
    for engine in engines:
        found = measure_engine(engine, count, requests)
        details[engine] = {"beside": list(found.beside), **found.pages}
        figures += [
            Figure(f"scoring a day, {engine}", found.scoring_s, "s"),
            Figure(f"peak memory of the api, {engine}", found.peak_mb, "MB"),
            Figure(f"list meanwhile p95, {engine}", _p95(found.beside), "ms"),
            Figure(f"list meanwhile, slowest, {engine}", max(found.beside), "ms"),
            *(
                Figure(f"{kind} p95, {engine}", _p95(each), "ms")
                for kind, each in found.pages.items()
            ),
        ]
    note = f"{count} cameras, {HEALTH_DAYS} days of states, {SCORE_DAYS} of scores"
    notes = [f"{note}; {requests} requests of each kind"]
    return run.result(figures, notes, {"milliseconds": details})


def _p95(values: Sequence[float]) -> float:
    return numbers.percentile(list(values), 0.95)


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=0.0)
    options.add_argument("--engine", choices=ENGINES, action="append", help="one of both only")
    options.add_argument("--cameras", type=int, default=50_000)
    options.add_argument("--requests", type=int, default=20)
    given = options.parse_args()
    run = Run("quality")
    finish(measure(run, given.engine or ENGINES, given.cameras, given.requests), given.json)


if __name__ == "__main__":
    main()
