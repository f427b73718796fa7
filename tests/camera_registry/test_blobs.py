"""Blobs in a local directory: whole or not at all, and few at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from camera_registry.adapters.blobs import BlobStore
from camera_registry.base.errors import NotFoundError, StorageError

_MANY = """
import asyncio, sys
from pathlib import Path
from camera_registry.adapters.blobs import BlobStore

def runtime_threads():
    names = (task / "comm" for task in Path("/proc/self/task").iterdir())
    return sum(name.read_text().startswith("tokio") for name in names)

async def main():
    blobs = BlobStore.open(sys.argv[1])
    await blobs.put("first", b"x")
    one = runtime_threads()
    await asyncio.gather(*(blobs.put(f"{n}", bytes(200_000)) for n in range(200)))
    print(one, runtime_threads())

asyncio.run(main())
"""


async def test_what_was_put_is_there_and_what_was_deleted_is_not(tmp_path: Path) -> None:
    blobs = BlobStore.open(str(tmp_path / "blobs"))
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


async def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    blobs = BlobStore.open(str(tmp_path / "blobs"))
    (tmp_path / "blobs" / "a").write_bytes(b"a file where a directory has to be")
    with pytest.raises(StorageError, match="did not take a/b"):
        await blobs.put("a/b", b"x")


async def test_a_sweep_takes_only_what_is_old(tmp_path: Path) -> None:
    blobs = BlobStore.open(str(tmp_path / "blobs"))
    await blobs.put("uploads/new", b"x")
    assert await blobs.sweep("uploads", older_than_s=60) == 0
    assert await blobs.sweep("uploads", older_than_s=-60) == 1
    with pytest.raises(NotFoundError):
        await blobs.get("uploads/new")


def test_a_busy_moment_leaves_few_threads(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _MANY, str(tmp_path)], check=True, capture_output=True, text=True
    )
    one, many = map(int, ran.stdout.split())
    assert many - one < 25  # about 100 where nothing bounds them


def test_a_process_ends_cleanly_right_after_its_last_blob(tmp_path: Path) -> None:
    # Several at once, because the machine has to be busy for a late thread to show.
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _MANY, str(tmp_path / str(n))],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for n in range(16)
    ]
    ends = [(process.communicate()[1], process.returncode) for process in running]
    assert ends == [(b"", 0)] * len(running)
