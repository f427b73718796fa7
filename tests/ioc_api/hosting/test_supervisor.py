"""The supervisor with real child processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from camera_registry.base.clock import SystemClock
from ioc_api.hosting.supervisor import ChildFailedError, Limits, Role, Supervisor
from tests.tools import ROOT
from tests.waiting import eventually

SLEEPER = "import time; print('hello', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(600)"
)


async def at_once() -> bool:
    return True


def role(name: str, code: str) -> Role:
    return Role(name, (sys.executable, "-c", code), at_once)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_child_comes_back_and_its_sister_is_not_touched(tmp_path: Path) -> None:
    restarted: list[int] = []
    supervisor = Supervisor(tmp_path, SystemClock(), on_start=lambda: restarted.append(1))
    await supervisor.start(role("a", SLEEPER), role("b", SLEEPER))
    keeping = asyncio.create_task(supervisor.keep())
    before = supervisor.pids()
    os.kill(before["a"], signal.SIGKILL)
    await eventually(lambda: supervisor.pids().get("a", before["a"]) != before["a"])
    assert supervisor.pids()["b"] == before["b"]
    assert restarted == [1]
    keeping.cancel()
    await asyncio.wait([keeping])
    await supervisor.stop()
    assert not any(alive(pid) for pid in before.values())
    assert supervisor.pids() == {}


async def test_a_child_that_keeps_dying_stops_the_whole_with_its_last_words(
    tmp_path: Path,
) -> None:
    supervisor = Supervisor(tmp_path, SystemClock(), Limits(deaths=3, window_s=60))
    await supervisor.start(role("good", SLEEPER))
    await supervisor.start(role("bad", "import sys; sys.exit('no camera, no cry')"))
    with pytest.raises(ChildFailedError, match=r"bad ended 3 times.*no camera, no cry") as caught:
        await supervisor.keep()
    assert "bad.log" in caught.value.hint
    good = supervisor.pids()["good"]
    await supervisor.stop()
    assert not alive(good)


async def test_a_child_that_dies_while_starting_is_told_at_once(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    supervisor = Supervisor(tmp_path, SystemClock())
    broken = Role("api", (sys.executable, "-c", "raise SystemExit('bad key')"), never)
    with pytest.raises(ChildFailedError, match=r"api ended while it was starting.*bad key"):
        await supervisor.start(broken)
    await supervisor.stop()


async def test_a_child_that_ignores_sigterm_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ioc_api.hosting.supervisor._TERM_GRACE_S", 0.3)
    supervisor = Supervisor(tmp_path, SystemClock())
    await supervisor.start(role("stubborn", STUBBORN))
    await eventually(lambda: "up" in (tmp_path / "stubborn.log").read_text())
    pid = supervisor.pids()["stubborn"]
    await supervisor.stop()
    assert not alive(pid)


async def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from camera_registry.base.clock import SystemClock
from tests.ioc_api.hosting.test_supervisor import SLEEPER, role
from ioc_api.hosting.supervisor import Supervisor
async def main():
    supervisor = Supervisor(Path({str(tmp_path)!r}), SystemClock())
    await supervisor.start(role("a", SLEEPER))
    print("child", supervisor.pids()["a"], flush=True)
    await supervisor.keep()
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    words: list[bytes] = []
    while words[:1] != [b"child"]:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line, "it ended before it said anything"
        words = line.split()
    child = int(words[1])
    assert alive(child)
    process.kill()
    await process.wait()
    await eventually(lambda: not alive(child))
