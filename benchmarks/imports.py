"""The dry run of a file of 10,000 cameras beside others that are registered: time and memory.

A process of its own uploads and checks the workbook as an api does, on SQLite; its peak memory is
the kernel's (VmHWM). The peer reads the same cells with the library alone and looks at none.

Example: python -m benchmarks.imports --rows 10000 --registered 20000
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openpyxl

from benchmarks.registry import fill
from benchmarks.report import Figure, Result, Run, finish, parser
from camera_registry.adapters.areas_sql import SqlAreaStore
from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.base.clock import SystemClock
from camera_registry.imports.columns import COLUMNS
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


def write_file(path: Path, rows: int) -> None:
    """Write a workbook in which every tenth row has something wrong."""
    units, chance = list(Units.load()), random.Random(7)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Camera")
    sheet.append([column.vi for column in COLUMNS])
    for number in range(rows):
        unit = chance.choice(units)
        cells = {
            "name": f"Camera {number}" if number % 30 else "",
            "unit": unit.code if number % 20 else "nowhere",
            "url": f"rtsp://viewer:pa55word-{number}@10.200.{number // 250}.{number % 250}/main",
            "lat": unit.lat + chance.uniform(-0.01, 0.01),
            "lon": unit.lon + chance.uniform(-0.01, 0.01),
            "azimuth_deg": chance.uniform(0, 360),
            "serial": f"SN{number % (rows - 100)}",
            "address": f"{number} Lê Lợi",
            "make": "Hikvision",
            "installed_on": "31/03/2025" if number % 40 else "yesterday",
        }
        sheet.append([cells.get(column.field, "") for column in COLUMNS])
    book.save(path)


async def dry_run(path: Path, directory: Path) -> dict[str, float]:
    """Upload and check a file; return seconds, the peak memory in MB, and the rows by state."""
    database = Database(f"sqlite:///{directory / 'hub.db'}", DIRECTORY)
    clock, vault, units, policy = SystemClock(), Vault(os.urandom(32)), Units.load(), UrlPolicy()
    registry = CameraRegistry(SqlCameraStore(database), vault, units, policy, clock, None)
    service = make_imports(
        database,
        registry,
        vault,
        units,
        policy,
        BlobStore.open(str(directory / "blobs")),
        clock,
        CodeScheme(),
        UnitAreas(SqlAreaStore(database), units, clock),
        WeakCredentials.load(),
    )
    began = time.perf_counter()
    record = await service.upload(path, path.name, Actor("", "benchmark"))
    await service.check(record, Scope.all())
    while record.state.at_work or record.state.value == "uploaded":
        await asyncio.sleep(0.05)
        record = await service.get(record.id, None)
    seconds = time.perf_counter() - began
    await service.close()
    await database.close()
    counts = {state.value: float(number) for state, number in record.counts.items()}
    return counts | {"seconds": seconds, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _read_alone(path: Path) -> float:
    began = time.perf_counter()
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    for _ in book.worksheets[0].iter_rows(values_only=True):
        pass
    book.close()
    return time.perf_counter() - began


def measure(run: Run, rows: int, registered: int) -> Result:
    """Fill a database, write the file, check it in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="camhub-bench-") as name:
        directory = Path(name)
        path = directory / "cameras.xlsx"
        write_file(path, rows)
        asyncio.run(fill(f"sqlite:///{directory / 'hub.db'}", registered))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.imports", "--child", str(path)],
            check=True,
            stdout=subprocess.PIPE,
        )
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        alone = _read_alone(path)
    figures = [
        Figure("dry run", found["seconds"], "s", alone, "reading alone", _MOST_S),
        Figure("peak memory", found["peak_mb"], "MB", target=_MOST_MB),
    ]
    notes = [
        f"{rows} rows ({found.get('wrong', 0):.0f} wrong) beside {registered} registered cameras"
    ]
    return run.result(figures, notes, dict(found))


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=0.0)
    options.add_argument("--rows", type=int, default=10_000)
    options.add_argument("--registered", type=int, default=20_000)
    options.add_argument("--child", type=Path, help="check this file and print JSON")
    given = options.parse_args()
    if given.child is not None:
        print(json.dumps(asyncio.run(dry_run(given.child, given.child.parent))))
        return
    run = Run("imports")
    finish(measure(run, given.rows, given.registered), given.json)


if __name__ == "__main__":
    main()
