"""How quickly 50,000 cameras are listed, searched and drawn, over HTTP, on both databases.

A hub's api runs as a process of its own; its database is filled here, each camera by the code that
the registry uses and disabled, so that no worker tries to reach it. Requests come one after another
over one kept connection, as a page's would: each kind with other filters, words and views every
time. The time is from the request to the last byte.

Example: python -m benchmarks.registry --cameras 50000 --requests 200
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks import numbers
from benchmarks.report import Figure, Result, Run, finish, parser
from camera_registry.adapters.camera_rows import row_of
from camera_registry.adapters.camera_tables import camera_tags, cameras
from camera_registry.adapters.database import Database
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.details import Details
from camera_registry.model import Camera, CameraClass, Position
from camera_registry.naming import CodeScheme
from camera_registry.search import search_text
from camera_registry.stored import StoredCamera
from camera_registry.units import Units
from ioc_api.migrations import DIRECTORY
from tests.postgres import PostgresServer
from tests.system.hub import Hub

_PLACES = ("Ngã tư", "Cổng chợ", "Trường", "Bệnh viện", "Công viên", "Cầu", "Bến xe", "Hẻm")
_NAMES = ("Bến Thành", "Thủ Đức", "Lê Lợi", "Nguyễn Huệ", "Hàng Xanh", "Phú Lợi", "Đồng Khởi")
_BATCH = 1000
ENGINES = ("sqlite", "postgresql")
_LIMIT_MS = {"list page": 100.0, "search": 100.0, "map viewport": 150.0}
Request = Callable[[random.Random], str]


def made_cameras(count: int, units: Units, seed: int) -> Iterator[StoredCamera]:
    """Yield cameras spread over all units, each within 3 km of its unit's centre."""
    chance, scheme = random.Random(seed), CodeScheme()
    now, every = SystemClock().utc_us(), list(units)
    for number in range(count):
        unit, kind = chance.choice(every), chance.choice(list(CameraClass))
        yield StoredCamera(
            Camera(
                id=new_id(now),
                name=f"{chance.choice(_PLACES)} {chance.choice(_NAMES)} {number}",
                unit_code=unit.code,
                url=f"rtsp://10.{number >> 16}.{number >> 8 & 255}.{number & 255}/main",
                position=Position(
                    unit.lon + chance.uniform(-0.03, 0.03), unit.lat + chance.uniform(-0.03, 0.03)
                ),
                enabled=False,
                tags=(chance.choice(("a", "b", "c")),),
                created_us=now,
                updated_us=now,
                code=scheme.code(unit.code, kind, number),
                camera_class=kind,
                details=Details(
                    address=f"{chance.randrange(900)} {chance.choice(_NAMES)}",
                    serial=f"SN{number:09}",
                    azimuth_deg=chance.uniform(0, 359),
                    fov_deg=90.0,
                ),
            )
        )


async def fill(url: str, count: int) -> None:
    """Put cameras into a database."""
    database, units = Database(url, DIRECTORY), Units.load()
    await database.migrate()
    batch: list[StoredCamera] = []
    for stored in made_cameras(count, units, 1):
        batch.append(stored)
        if len(batch) == _BATCH:
            await _write(database, units, batch)
            batch = []
    if batch:
        await _write(database, units, batch)
    async with database.write() as connection:
        await connection.exec_driver_sql("analyze")
    await database.close()


async def _write(database: Database, units: Units, batch: list[StoredCamera]) -> None:
    rows = [
        row_of(each, search_text(each.camera, units.get(each.camera.unit_code).name_vi))
        for each in batch
    ]
    tags = [{"camera_id": each.camera.id, "tag": each.camera.tags[0]} for each in batch]
    async with database.write() as connection:
        await connection.execute(cameras.insert(), rows)
        await connection.execute(camera_tags.insert(), tags)


def _listed(cursors: list[str], units: list[str]) -> Request:
    def ask(chance: random.Random) -> str:
        query = f"limit=100&cursor={chance.choice(cursors)}"
        if chance.random() < 0.5:
            query += f"&unit={chance.choice(units)}&class={chance.choice(list(CameraClass))}"
        return f"/api/v1/cameras?{query}"

    return ask


def _searched(chance: random.Random) -> str:
    words = chance.choice(
        (
            "thu duc",
            "cong cho ben thanh",
            f"SN{chance.randrange(50_000):09}",
            f"{chance.randrange(50_000)}",
            "dong khoi phu loi",
            "khong co",
        )
    )
    return f"/api/v1/cameras?limit=50&q={words.replace(' ', '%20')}"


def _viewed(chance: random.Random) -> str:
    zoom = chance.choice((9, 11, 13, 15))
    side = 360 / 2**zoom * 3
    west, south = 106.7 + chance.uniform(-0.2, 0.2), 10.8 + chance.uniform(-0.2, 0.2)
    box = f"{west:.5f},{south:.5f},{west + side:.5f},{south + side:.5f}"
    return f"/api/v1/map?zoom={zoom}&bbox={box}"


def timed(client: httpx.Client, ask: Request, count: int, seed: int) -> list[float]:
    """Return the milliseconds of each of ``count`` requests, after a tenth as many to warm up."""
    chance, found = random.Random(seed), []
    for number in range(count + count // 10):
        path = ask(chance)
        begin = time.perf_counter()
        client.get(path).raise_for_status()
        if number >= count // 10:
            found.append((time.perf_counter() - begin) * 1000)
    return found


def cursors_of(client: httpx.Client, pages: int) -> list[str]:
    """Return cursors of pages all over the list: its first, and those behind the next ones."""
    found = [""]
    for _ in range(pages):
        page = client.get("/api/v1/cameras", params={"limit": 500, "cursor": found[-1]}).json()
        if page["next_cursor"] is None:
            break
        found.append(page["next_cursor"])
    return found


@contextmanager
def database_url(engine: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database of an engine for the time of the block."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'hub.db'}"
        return
    server = PostgresServer()
    server.start()
    try:
        yield f"{server.url}/postgres"
    finally:
        server.stop()


def measure_engine(
    engine: str, count: int, requests: int, windows: int
) -> dict[str, list[list[float]]]:
    """Return the milliseconds of each kind of request, by window."""
    found: dict[str, list[list[float]]] = {name: [] for name in _LIMIT_MS}
    units = [unit.code for unit in Units.load()]
    with tempfile.TemporaryDirectory() as name, database_url(engine, Path(name)) as url:
        asyncio.run(fill(url, count))
        hub = Hub(Path(name) / "data", demo=0, environment={"CAMHUB_DATABASE_URL": url})
        try:
            hub.start()
            with hub.client() as client:
                asks = {
                    "list page": _listed(cursors_of(client, 60), units),
                    "search": _searched,
                    "map viewport": _viewed,
                }
                for window in range(windows):
                    for kind, ask in asks.items():
                        found[kind].append(timed(client, ask, requests, window))
        finally:
            if hub.process is not None:
                hub.stop()
    return found


def measure(run: Run, engines: Sequence[str], count: int, requests: int, windows: int) -> Result:
    """Measure the engines, one after another."""
    figures, details = [], {}
    for engine in engines:
        found = measure_engine(engine, count, requests, windows)
        details[engine] = found
        for kind, parts in found.items():
            every = [value for part in parts for value in part]
            figures.append(
                Figure(
                    f"{kind} p95, {engine}",
                    numbers.percentile(every, 0.95),
                    "ms",
                    target=_LIMIT_MS[kind],
                )
            )
            figures.append(Figure(f"{kind} p50, {engine}", numbers.percentile(every, 0.5), "ms"))
    notes = [f"{count} cameras, {requests} requests of each kind in each of {windows} windows"]
    return run.result(figures, notes, {"milliseconds": details})


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__, seconds=0.0)
    options.add_argument("--engine", choices=ENGINES, action="append", help="one of both only")
    options.add_argument("--cameras", type=int, default=50_000)
    options.add_argument("--requests", type=int, default=200)
    given = options.parse_args()
    run = Run("registry")
    engines = given.engine or ENGINES
    finish(measure(run, engines, given.cameras, given.requests, given.windows), given.json)


if __name__ == "__main__":
    main()
