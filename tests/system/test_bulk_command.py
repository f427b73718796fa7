"""`camhub cameras bulk` on real data: looked at, applied, stopped by Ctrl-C, taken back."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from camera_registry.adapters.cameras_bulk import BulkCameras
from camera_registry.adapters.database import Database
from camera_registry.base.clock import SystemClock
from camera_registry.base.ids import new_id
from camera_registry.model import Camera, CameraClass
from camera_registry.naming import CodeScheme
from camera_registry.stored import StoredCamera
from camera_registry.units import Units
from camera_registry.versions import SYSTEM
from ioc_api.migrations import DIRECTORY
from ioc_api.settings import load
from tests.system.hub import CAMHUB

A, B = "25747", "25750"


def made(name: str, number: int, unit: str = A, **fields: object) -> Camera:
    now = SystemClock().utc_us()
    url = f"rtsp://10.7.{number >> 8}.{number & 255}/s"
    return Camera(new_id(now), name, unit, url, created_us=now, updated_us=now, **fields)  # type: ignore[arg-type]


def register(data: Path, wanted: list[Camera]) -> None:
    """Put cameras into the database that commands use which are given this directory."""

    async def fill() -> None:
        database = Database(load(data=data).database, DIRECTORY)
        try:
            await database.migrate()
            bulk = BulkCameras(database, CodeScheme(), Units.load())
            async with database.write() as connection:
                await bulk.insert(connection, [StoredCamera(each) for each in wanted], SYSTEM)
        finally:
            await database.close()

    asyncio.run(fill())


def command(data: Path, *arguments: str) -> list[str]:
    return [*CAMHUB, "cameras", *arguments, "--data", str(data)]


def run(data: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(data, *arguments),
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def values(data: Path, column: str) -> dict[str, object]:
    with sqlite3.connect(data / "camhub.db") as connection:
        return dict(connection.execute(f"select name, {column} from cameras order by name"))


def edit_id(output: str) -> str:
    return output.rpartition("--undo ")[2].strip()


@pytest.fixture
def city(tmp_path: Path) -> Path:
    register(
        tmp_path,
        [
            made("Chợ", 1, tags=("cũ",), camera_class=CameraClass.GATE),
            made("Cầu", 2, tags=("cũ",), enabled=False),
            made("Bến", 3, unit=B, priority=7),
            made("Đèn", 4, unit=B, tags=tuple(f"n{n}" for n in range(20))),
        ],
    )
    return tmp_path


def test_a_change_is_looked_at_applied_and_taken_back(city: Path) -> None:
    change = ["bulk", "--all-cameras", "--set-priority", "7", "--add-tag", "mới"]
    looked = run(city, *change, "--dry-run")
    assert looked.returncode == 0, looked.stderr
    assert "4 cameras: 3 would be changed, 0 are so already, 1 refused." in looked.stdout
    assert "Đèn  tags: at most 20 (tags)" in looked.stdout
    assert "Nothing was changed." in looked.stdout
    assert set(values(city, "version").values()) == {1}

    no = run(city, *change, given="n\n")
    assert no.returncode == 1
    assert "Change 3 cameras?" in no.stderr
    assert set(values(city, "version").values()) == {1}

    done = run(city, *change, given="y\n")
    assert done.returncode == 0, done.stderr
    assert "3 cameras changed by the bulk edit" in done.stdout
    assert values(city, "priority") == {"Bến": 7, "Chợ": 7, "Cầu": 7, "Đèn": 0}
    again = run(city, *change, "--yes")
    assert "0 would be changed, 3 are so already, 1 refused" in again.stdout
    assert "Nothing was changed." in again.stdout

    assert run(city, "bulk", "--text", "bến", "--set-priority", "9", "--yes").returncode == 0
    asked = run(city, "bulk", "--undo", edit_id(done.stdout), given="n\n")
    assert "Take back the change of 3 cameras?" in asked.stderr
    back = run(city, "bulk", "--undo", edit_id(done.stdout), "--yes")
    assert back.returncode == 0, back.stderr
    assert "2 cameras taken back, 1 kept as they are." in back.stdout
    assert "Bến  Somebody else has changed this camera meanwhile (stale)" in back.stdout
    assert values(city, "priority") == {"Bến": 9, "Chợ": 0, "Cầu": 0, "Đèn": 0}
    twice = run(city, "bulk", "--undo", edit_id(done.stdout), "--yes")
    assert twice.returncode == 65
    assert "changed nothing to take back" in twice.stderr


def test_cameras_are_chosen_by_the_filters_of_the_list(city: Path) -> None:
    for chosen, names in (
        (["--unit", B], {"Bến", "Đèn"}),
        (["--tag", "cũ"], {"Chợ", "Cầu"}),
        (["--tag", "cũ", "--state", "on"], {"Chợ"}),
        (["--class", "gate"], {"Chợ"}),
        (["--text", "cho"], {"Chợ"}),
        (["--group", "0198c0de-0000-7000-8000-000000000000"], set()),
    ):
        listed = run(city, "list", *chosen)
        assert {name for name in values(city, "id") if name in listed.stdout} == names
        looked = run(city, "bulk", *chosen, "--set-owner", "Phường", "--dry-run")
        assert f"{len(names)} cameras: {len(names)} would be changed" in looked.stdout

    # what the list prints can be piped in
    listed = run(city, "list", "--unit", B)
    piped = run(city, "bulk", "--ids", "-", "--disable", "--yes", given=f"# B\n\n{listed.stdout}")
    assert piped.returncode == 0, piped.stderr
    assert values(city, "enabled") == {"Bến": 0, "Chợ": 1, "Cầu": 0, "Đèn": 0}
    file = city / "ids.txt"
    file.write_text(listed.stdout.split()[0] + "\n0198c0de-0000-7000-8000-000000000000\n")
    named = run(city, "bulk", "--ids", str(file), "--clear", "sign", "--set-height", "4.5", "--yes")
    assert "1 would be changed, 0 are so already, 1 refused" in named.stdout
    assert "There is no such camera (not_found)" in named.stdout
    assert values(city, "height_m")["Bến"] == 4.5


@pytest.mark.parametrize(
    ("arguments", "given", "code", "words"),
    [
        (["--set-priority", "7"], "", 2, "choose cameras"),
        (["--all-cameras", "--yes"], "", 2, "nothing is to be changed"),
        (["--ids", "-", "--disable"], "", 2, "give --yes or --dry-run"),
        (["--ids", "-", "--disable", "--yes"], "Chợ\n", 2, "line 1"),
        (["--ids", "-", "--disable", "--yes"], "\n\0\udcff'; drop\n", 2, "line 2"),
        (["--ids", "/nowhere", "--disable", "--yes"], "", 2, "does not exist"),
        (["--undo", "x", "--disable"], "", 2, "--undo takes no"),
        (["--undo", "x", "--all-cameras"], "", 2, "--undo takes no"),
        (["--undo", "x"], "", 66, "no such bulk edit"),
        (["--tag", "cũ", "--set-height", "4", "--clear", "height"], "", 2, "different things"),
        (["--tag", "cũ", "--set-class", "no"], "", 2, "--set-class"),
        (["--tag", "cũ", "--add-group", "no", "--yes"], "", 2, "there is no such camera group"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    city: Path, arguments: list[str], given: str, code: int, words: str
) -> None:
    done = subprocess.run(
        command(city, "bulk", *arguments),
        input=given.encode(errors="surrogateescape"),
        capture_output=True,
        check=False,
        timeout=60,
    )
    stderr = done.stderr.decode()
    assert done.returncode == code, stderr
    assert words in stderr
    assert "Traceback" not in stderr
    assert set(values(city, "version").values()) == {1}


def test_a_unit_that_there_is_not_is_refused_for_each_camera(city: Path) -> None:
    done = run(city, "bulk", "--tag", "cũ", "--set-unit", "99999", "--yes")
    assert done.returncode == 0
    assert "0 would be changed, 0 are so already, 2 refused" in done.stdout
    assert done.stdout.count("99999") == 2
    assert "Nothing was changed." in done.stdout


def test_refused_cameras_are_cut_off_at_twenty_unless_all_are_wanted(tmp_path: Path) -> None:
    full = tuple(f"n{n}" for n in range(20))
    register(tmp_path, [made(f"Máy {n:03}", n, tags=full) for n in range(30)])
    change = ["bulk", "--unit", A, "--add-tag", "x", "--dry-run"]
    few = run(tmp_path, *change).stdout
    assert few.count("at most 20 (tags)") == 20
    assert "… and 10 more; --all prints them" in few
    every = run(tmp_path, *change, "--all").stdout
    assert every.count("at most 20 (tags)") == 30
    assert "more; --all" not in every


def test_ctrl_c_stops_after_a_batch_and_says_how_far_it_came(tmp_path: Path) -> None:
    count = 6000  # some seconds of work: time enough to press the key within it
    register(tmp_path, [made(f"Máy {n:04}", n) for n in range(count)])
    change = ["bulk", "--unit", A, "--set-priority", "5", "--yes"]
    watching, shown = os.openpty()  # how far it is, is told to a terminal only
    process = subprocess.Popen(
        command(tmp_path, *change), stdout=subprocess.PIPE, stderr=shown, text=True
    )
    os.close(shown)
    said = b""
    while b"changed: " not in said:
        said += os.read(watching, 4096)
    assert b"looked at" in said
    # While somebody else holds the database no batch of the edit can be written.
    holder = sqlite3.connect(tmp_path / "camhub.db", isolation_level=None, timeout=30)
    holder.execute("begin immediate")
    process.send_signal(signal.SIGINT)
    while b"Stopping after the batch at work" not in said:
        said += os.read(watching, 4096)
    holder.execute("commit")
    holder.close()
    out, _ = process.communicate(timeout=60)
    said += os.read(watching, 4096)
    os.close(watching)

    assert process.returncode == 130
    changed = sum(priority == 5 for priority in values(tmp_path, "priority").values())
    assert changed < count
    assert changed % 250 == 0
    assert f"Stopped. {changed} of {count} cameras were changed.".encode() in said
    assert b"Traceback" not in said
    if changed:
        assert f"{changed} cameras changed by the bulk edit" in out
        back = run(tmp_path, "bulk", "--undo", edit_id(out), "--yes")
        assert f"{changed} cameras taken back, 0 kept" in back.stdout
    rest = run(tmp_path, *change)
    assert rest.returncode == 0, rest.stderr
    assert set(values(tmp_path, "priority").values()) == {5}
