"""How `camhub up` divides a machine."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from ioc_api.compose.allocator import use_few_arenas
from ioc_api.compose.up import worker_width
from ioc_api.settings import Settings


@pytest.mark.parametrize(
    ("workers", "threads", "cores", "expected"),
    [
        (0, 0, 8, (8, 1)),
        (2, 0, 8, (2, 4)),
        (3, 0, 8, (3, 3)),
        (16, 0, 8, (16, 1)),
        (2, 1, 8, (2, 1)),
        (0, 0, 1, (1, 1)),
    ],
)
def test_the_analysis_pools_are_together_as_wide_as_the_cores(
    workers: int, threads: int, cores: int, expected: tuple[int, int]
) -> None:
    settings = Settings.model_validate({"workers": workers, "worker_threads": threads})
    assert worker_width(settings, cores) == expected


def test_the_c_library_takes_the_number_of_arenas() -> None:
    assert use_few_arenas() == (platform.libc_ver()[0] == "glibc")


_FRAGMENTED = """
import psutil
from ioc_api.compose.allocator import give_back, use_few_arenas
use_few_arenas()
kept = [bytearray(3000) for _ in range(40_000)]
last = bytearray(3000)  # holds the top, so that the arena cannot shrink by itself
full = psutil.Process().memory_info().rss
kept.clear()
freed = psutil.Process().memory_info().rss
assert give_back()
after = psutil.Process().memory_info().rss
print(full, freed, after)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps holes")
def test_holes_go_back_to_the_system() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FRAGMENTED], check=True, capture_output=True, text=True
    )
    full, freed, after = map(int, ran.stdout.split())
    assert full - freed < 20e6  # what this is for: without it the holes stay
    assert full - after > 80e6
