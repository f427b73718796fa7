"""A bulk edit of 10,000 cameras among 50,000: looked at, applied and undone, on both databases.

The edit gives each camera an owner, a priority, a tag and a group; every second one has a shared
log-in, which is judged with it. A process of its own does so as an api does; its peak memory is the
kernel's (VmHWM), and the longest time in which its event loop did nothing else is told by a task
that wants to run every five milliseconds.

Example: python -m benchmarks.edits --engine sqlite --cameras 10000 --registered 50000
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path

from benchmarks.imports import Stall, peak_mb
from benchmarks.registry import ENGINES, database_url, fill
from benchmarks.report import Figure, Result, Run, finish, parser
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.cameras_sql import SqlCameraStore
from camera_registry.adapters.database import Database
from camera_registry.adapters.edits_sql import SqlEditStore
from camera_registry.adapters.groups_sql import SqlGroupStore
from camera_registry.adapters.shared_sql import SqlSharedStore
from camera_registry.base.clock import SystemClock
from camera_registry.edits.change import BulkChange
from camera_registry.edits.model import Edit
from camera_registry.edits.service import Edits
from camera_registry.groups import CameraGroups
from camera_registry.model import Actor, Credentials
from camera_registry.naming import CodeScheme
from camera_registry.records import CameraFilter
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.shared import NewShared
from camera_registry.shared_credentials import SharedCredentials
from camera_registry.units import Units
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ioc_api.migrations import DIRECTORY

_BY = Actor("", "benchmark")
_CITY = Scope.all()
_STEPS = ("looked at", "applied", "undone")
_MOST_S = 60.0
_MOST_MS = 200.0
_LOOK_S = 0.02


async def edit(url: str, count: int) -> dict[str, float]:
    """Edit cameras; return the seconds and the stalls of each step, and the peak memory in MB."""
    database = Database(url, DIRECTORY)
    clock, vault, units = SystemClock(), Vault(os.urandom(32)), Units.load()
    registry = CameraRegistry(SqlCameraStore(database), vault, units, UrlPolicy(), clock, None)
    groups = CameraGroups(SqlGroupStore(database), registry, units, clock)
    shared = SharedCredentials(SqlSharedStore(database), registry, vault, units, clock)
    edits = Edits(
        SqlEditStore(database, BulkCameras(database, CodeScheme(), units)), registry, groups, clock
    )
    group = await groups.create("Benchmark", "*", _CITY)
    login = await shared.create(NewShared("b", Credentials("v", "p-4-bench")), _CITY, by=_BY)
    ids = await _ids(registry, count)
    async with database.write() as connection:
        given = cameras.update().values(credential_id=login.id, weak_credentials=False)
        await connection.execute(given.where(cameras.c.id.in_(ids[::2])))
    change = BulkChange(owner="Công an", priority=3, add_tags=("bench",), add_groups=(group.id,))
    found: dict[str, float] = {"before_mb": peak_mb()}

    async def looked() -> Edit:
        return await edits.create(change, CameraFilter(), frozenset(ids), (_CITY, _CITY), _BY)

    made = await _timed(edits, "looked at", looked(), None, found)
    for word, begin in (("applied", edits.apply), ("undone", edits.undo)):
        made = await _timed(edits, word, begin(made, _CITY, _BY), made, found)
    counts = {state.value: float(number) for state, number in made.counts.items()}
    await edits.close()
    await database.close()
    return found | counts | {"peak_mb": peak_mb()}


async def _ids(registry: CameraRegistry, count: int) -> list[str]:
    found: list[str] = []
    after: tuple[str, str] | None = None
    while len(found) < count:
        page = await registry.list(_CITY, None, after, min(1000, count - len(found)))
        if not page:
            break
        found += [camera.id for camera in page]
        after = (page[-1].name, page[-1].id)
    return found


async def _timed(
    edits: Edits,
    word: str,
    begin: Awaitable[Edit | None],
    made: Edit | None,
    found: dict[str, float],
) -> Edit:
    """Begin a step and wait for its end; write what it took. Raises RuntimeError if it failed."""
    stall = Stall()
    watching = asyncio.create_task(stall.watch())
    began = time.perf_counter()
    made = await begin or made
    if made is None:
        raise RuntimeError("there is no edit")
    while (made := await edits.get(made.id, None)).state.at_work:
        await asyncio.sleep(_LOOK_S)
    found[f"{word}_s"] = time.perf_counter() - began
    watching.cancel()
    found[f"{word}_ms"] = stall.worst_s * 1000
    if made.error:
        raise RuntimeError(made.error)
    return made


def _child(url: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.edits", "--url", url, "--cameras", str(count)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(run: Run, engines: Sequence[str], count: int, registered: int) -> Result:
    """Fill each database, and edit in a process of its own."""
    figures: list[Figure] = []
    details: dict[str, dict[str, float]] = {}
    for engine in engines:
        with (
            tempfile.TemporaryDirectory(prefix="camhub-bench-") as name,
            database_url(engine, Path(name)) as url,
        ):
            asyncio.run(fill(url, registered))
            found = details[engine] = _child(url, count)
        for word in _STEPS:
            held = f"event loop held, {word}, {engine}"
            figures += [
                Figure(f"{word}, {engine}", found[f"{word}_s"], "s", target=_MOST_S),
                Figure(held, found[f"{word}_ms"], "ms", target=_MOST_MS),
            ]
        figures.append(Figure(f"peak memory, {engine}", found["peak_mb"], "MB"))
    undone = min(found.get("undone", 0.0) for found in details.values())
    notes = [f"{undone:.0f} of {count} cameras edited and taken back, beside {registered}"]
    return run.result(figures, notes, details)


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=0.0)
    options.add_argument("--engine", choices=ENGINES, action="append", help="one of both only")
    options.add_argument("--cameras", type=int, default=10_000)
    options.add_argument("--registered", type=int, default=50_000)
    options.add_argument("--url", help="edit the cameras of this database and print JSON")
    given = options.parse_args()
    if given.url is not None:
        print(json.dumps(asyncio.run(edit(given.url, given.cameras))))
        return
    run = Run("edits")
    engines = given.engine or ENGINES
    finish(measure(run, engines, given.cameras, given.registered), given.json)


if __name__ == "__main__":
    main()
