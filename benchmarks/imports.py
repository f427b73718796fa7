"""A file of 10,000 cameras beside others that are registered, looked at and then registered.

The same rows as a workbook and as CSV, on both databases. A process of its own uploads and checks
each as an api does; its peak memory is the kernel's (VmHWM), and the longest time in which its
event loop did nothing else is told by a task that wants to run every five milliseconds. The peer
reads the same cells of the workbook with the library alone and looks at none.

Example: python -m benchmarks.imports --engine sqlite --rows 10000 --registered 50000
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl

from benchmarks.registry import ENGINES, database_url, fill
from benchmarks.report import Figure, Result, Run, finish, parser
from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.base.clock import SystemClock
from camera_registry.imports.columns import COLUMNS
from camera_registry.imports.model import Import, ImportState, Mode
from camera_registry.imports.service import Imports
from camera_registry.model import Actor
from camera_registry.naming import CodeScheme
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.unit_areas import UnitAreas
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from camera_registry.weak import WeakCredentials
from ioc_api.compose.imports import make_imports
from ioc_api.migrations import DIRECTORY

_MOST_S = 30.0
_MOST_MB = 300.0
_MOST_MS = 200.0
_LOOK_S = 0.005
_BY = Actor("", "benchmark")


def write_workbook(path: Path, rows: int) -> None:
    """Write the rows as .xlsx."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Camera")
    for cells in made_rows(rows):
        sheet.append(cells)
    book.save(path)


def write_csv(path: Path, rows: int) -> None:
    """Write the rows as CSV in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(made_rows(rows))


def made_rows(rows: int) -> Iterator[list[object]]:
    """Yield headings, then cameras of which every tenth or so has something wrong.

    A hundred have a serial number that another row has, and as many the URL of a registered camera.
    """
    units, chance = list(Units.load()), random.Random(7)
    yield [column.vi for column in COLUMNS]
    for number in range(rows):
        host = f"10.200.{number // 250}.{number % 250}"
        if number % (rows // 100) == 1:
            host = f"10.0.{number >> 8 & 255}.{number & 255}"
        unit = chance.choice(units)
        cells = {
            "name": f"Camera {number}" if number % 30 else "",
            "unit": unit.code if number % 20 else "nowhere",
            "url": f"rtsp://viewer:pa55word-{number}@{host}/main",
            "lat": unit.lat + chance.uniform(-0.01, 0.01),
            "lon": unit.lon + chance.uniform(-0.01, 0.01),
            "azimuth_deg": chance.uniform(0, 360),
            "serial": f"SN{number % (rows - 100)}",
            "address": f"{number} Lê Lợi",
            "make": "Hikvision",
            "installed_on": "31/03/2025" if number % 40 else "yesterday",
        }
        yield [cells.get(column.field, "") for column in COLUMNS]


async def dry_run(path: Path, url: str) -> dict[str, float]:
    """Upload and check a file, register its good rows and take them back.

    Returns seconds, the peak memory of the check in MB, stalls, and the rows by state.
    """
    database = Database(url, DIRECTORY)
    clock, vault, units, policy = SystemClock(), Vault(os.urandom(32)), Units.load(), UrlPolicy()
    registry = CameraRegistry(SqlCameraStore(database), vault, units, policy, clock, None)
    service = make_imports(
        database,
        registry,
        vault,
        units,
        policy,
        BlobStore.open(str(path.parent / "blobs")),
        clock,
        CodeScheme(),
        UnitAreas(SqlAreaStore(database), units, clock),
        WeakCredentials.load(),
    )
    stall = Stall()
    watching = asyncio.create_task(stall.watch())
    began = time.perf_counter()
    record = await service.upload(path, path.name, _BY)
    await service.check(record, Scope.all())
    record = await _ended(service, record)
    found = {"seconds": time.perf_counter() - began, "peak_mb": peak_mb()}
    found["stall_ms"], stall.worst_s = stall.worst_s * 1000, 0.0
    counts = {state.value: float(number) for state, number in record.counts.items()}
    began = time.perf_counter()
    await service.apply(record, Mode.GOOD_ROWS, Scope.all(), _BY)
    record = await _ended(service, record)
    found["applied_s"] = time.perf_counter() - began
    found["applied_ms"], stall.worst_s = stall.worst_s * 1000, 0.0
    await service.undo(record, Scope.all(), _BY)  # so that the next file finds what this one found
    record = await _ended(service, record)
    found["undone_ms"] = stall.worst_s * 1000
    watching.cancel()
    await service.close()
    await database.close()
    if record.error:
        raise RuntimeError(record.error)
    return counts | found


async def _ended(service: Imports, record: Import) -> Import:
    record = await service.get(record.id, None)
    while record.state.at_work or record.state is ImportState.UPLOADED:
        await asyncio.sleep(0.05)
        record = await service.get(record.id, None)
    return record


class Stall:
    """The longest time in which an event loop let nobody else run."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_LOOK_S)
            self.worst_s = max(self.worst_s, time.perf_counter() - before - _LOOK_S)


def peak_mb() -> float:
    """Return the most memory that this process has held, in MB, as the kernel knows it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _read_alone(path: Path) -> float:
    began = time.perf_counter()
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    for _ in book.worksheets[0].iter_rows(values_only=True):
        pass
    book.close()
    return time.perf_counter() - began


def _child(path: Path, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.imports", "--child", str(path), "--url", url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(run: Run, engines: Sequence[str], rows: int, registered: int) -> Result:
    """Fill each database, and check each file in a process of its own."""
    figures: list[Figure] = []
    details: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="camhub-bench-") as name:
        book, table = Path(name) / "cameras.xlsx", Path(name) / "cameras.csv"
        write_workbook(book, rows)
        write_csv(table, rows)
        alone = _read_alone(book)
        for engine in engines:
            with database_url(engine, Path(name)) as url:
                asyncio.run(fill(url, registered))
                for path in (book, table):
                    found = _child(path, url)
                    kind = f"{path.suffix[1:]}, {engine}"
                    details[kind] = found
                    peer = alone if path is book else None
                    figures += [
                        Figure(
                            f"dry run, {kind}",
                            found["seconds"],
                            "s",
                            peer,
                            "reading alone",
                            _MOST_S,
                        ),
                        Figure(f"peak memory, {kind}", found["peak_mb"], "MB", target=_MOST_MB),
                        Figure(
                            f"event loop held, {kind}", found["stall_ms"], "ms", target=_MOST_MS
                        ),
                        Figure(f"registered, {kind}", found["applied_s"], "s"),
                        Figure(
                            f"event loop held, registering, {kind}",
                            found["applied_ms"],
                            "ms",
                            target=_MOST_MS,
                        ),
                    ]
    wrong = max(found.get("wrong", 0.0) for found in details.values())
    notes = [f"{rows} rows ({wrong:.0f} wrong) beside {registered} registered cameras"]
    return run.result(figures, notes, details)


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=0.0)
    options.add_argument("--engine", choices=ENGINES, action="append", help="one of both only")
    options.add_argument("--rows", type=int, default=10_000)
    options.add_argument("--registered", type=int, default=50_000)
    options.add_argument("--child", type=Path, help="check this file and print JSON")
    options.add_argument("--url", help="the database of the child")
    given = options.parse_args()
    if given.child is not None:
        print(json.dumps(asyncio.run(dry_run(given.child, given.url))))
        return
    run = Run("imports")
    finish(measure(run, given.engine or ENGINES, given.rows, given.registered), given.json)


if __name__ == "__main__":
    main()
