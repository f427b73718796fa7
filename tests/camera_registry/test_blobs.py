"""Blobs in a directory and in an object store: whole or not at all, and gone without a trace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from camera_registry.adapters.blobs import BlobStore
from camera_registry.base.errors import NotFoundError, StorageError

_MANY = """
import asyncio, sys, threading
from camera_registry.adapters.blobs import BlobStore

async def main():
    blobs = BlobStore.open(sys.argv[1])
    await asyncio.gather(*(blobs.put(f"{n}", bytes(200_000)) for n in range(200)))
    print(threading.active_count())

asyncio.run(main())
"""


@pytest.fixture(params=["directory", "object store"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same directory as itself, and as a store that obstore opens by its URL."""
    (tmp_path / "blobs").mkdir()
    path = tmp_path / "blobs"
    return str(path) if request.param == "directory" else path.as_uri()


async def test_what_was_put_is_there_and_what_was_deleted_is_not(
    tmp_path: Path, location: str
) -> None:
    blobs = BlobStore.open(location)
    await blobs.put("a/b.jpg", b"picture")
    assert await blobs.get("a/b.jpg") == b"picture"
    (tmp_path / "large").write_bytes(bytes(3_000_000))
    await blobs.put_file("a/large", tmp_path / "large")
    await blobs.fetch_to("a/large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == bytes(3_000_000)
    assert await blobs.start("a/b.jpg", 4) == b"pict"
    assert await blobs.start("a/b.jpg", 400) == b"picture"
    await blobs.put("a/empty", b"")
    assert await blobs.start("a/empty", 4) == b""
    await blobs.delete("a/b.jpg")
    await blobs.delete("a/b.jpg")
    with pytest.raises(NotFoundError):
        await blobs.start("a/b.jpg", 4)
    with pytest.raises(NotFoundError):
        await blobs.get("a/b.jpg")
    with pytest.raises(NotFoundError):
        await blobs.fetch_to("a/b.jpg", tmp_path / "none")


async def test_a_disk_that_takes_nothing_is_told(tmp_path: Path, location: str) -> None:
    blobs = BlobStore.open(location)
    (tmp_path / "blobs" / "a").write_bytes(b"a file where a directory has to be")
    with pytest.raises(StorageError, match="did not take a/b"):
        await blobs.put("a/b", b"x")


async def test_a_sweep_takes_only_what_is_old(location: str) -> None:
    blobs = BlobStore.open(location)
    await blobs.put("uploads/new", b"x")
    assert await blobs.sweep("uploads", older_than_s=60) == 0
    assert await blobs.sweep("uploads", older_than_s=-60) == 1
    with pytest.raises(NotFoundError):
        await blobs.get("uploads/new")


async def test_a_directory_holds_blobs_and_nothing_half_written(tmp_path: Path) -> None:
    blobs = BlobStore.open(str(tmp_path / "blobs"))
    await blobs.put("a/b", b"old")
    with pytest.raises(StorageError, match="did not take a/b"):
        await blobs.put_file("a/b", tmp_path / "none")
    assert await blobs.get("a/b") == b"old"
    assert [path.name for path in (tmp_path / "blobs").rglob("*")] == ["a", "b"]
    for key in ("../out", "a//b", "a/../../out", "", "a\0b"):
        with pytest.raises(StorageError):
            await blobs.put(key, b"x")
    (tmp_path / "blobs" / "a" / ".left.part").write_bytes(b"by one who was ended while writing")
    assert await blobs.sweep("a", older_than_s=-60) == 2
    assert await blobs.sweep("nothing", older_than_s=-60) == 0


def test_many_at_once_take_few_threads(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _MANY, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert int(ran.stdout) <= 3  # the main one and two of ours


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_process_ends_cleanly_right_after_its_last_blob(tmp_path: Path, scheme: str) -> None:
    # Several at once, because the machine has to be busy for a late thread to show.
    places = [tmp_path / str(n) for n in range(12)]
    for place in places:
        place.mkdir()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _MANY, f"{scheme}{place}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for place in places
    ]
    ends = [(process.communicate()[1], process.returncode) for process in running]
    assert ends == [(b"", 0)] * len(running)
