"""The analysis in its own process: what it finds, and how little harm a file can do."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import psutil
import pytest

from analytics.detectors.detector import MovingObjectDetector
from analytics.dry_run import dry_run
from analytics.rulebook.document import decode_rules
from camera_registry.base.errors import CamhubError
from ingest.clips import cut
from ioc_api.dry_runs.process import ChildCommand, run_child
from tests.analytics.clips import clip
from tests.analytics.scenes import Rect
from tests.waiting import eventually

CHILD = ChildCommand("ioc_api.compose.dry_run_child")
RULES = json.dumps({"rules": [{"kind": "zone_enter", "id": "in", "cool_down_s": 0}]})
LONGEST_S = 60.0


def passing(seconds: float) -> list[Rect]:
    return [(round(20 + (seconds - 3) * 60), 90, 30, 40)] if seconds > 3 else []


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP4 file in which something crosses after three seconds."""
    packets = clip(8.0, passing)
    path = tmp_path_factory.mktemp("dry") / "clip.mp4"
    cut(packets, packets[0].utc_us, packets[-1].utc_us, path)
    return path


def order(clip: Path, pictures: Path, **changes: Any) -> dict[str, Any]:
    pictures.mkdir(exist_ok=True)
    return {
        "clip": str(clip),
        "rules": RULES,
        "start_us": 1_800_000_000_000_000,
        "pictures": str(pictures),
        "most_pictures": 10,
        "most_s": 600.0,
        "cpu_s": 120,
        "analysis_fps": 5.0,
        "providers": ["cpu"],
        "detector_limit_ms": 1000.0,
        **changes,
    }


async def run(wanted: dict[str, Any], longest_s: float = LONGEST_S) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    await run_child(CHILD, wanted, said.append, longest_s)
    return said


async def test_it_says_what_a_dry_run_says_with_pictures_and_progress(
    recorded: Path, tmp_path: Path
) -> None:
    said = await run(order(recorded, tmp_path / "pictures"))
    kinds = [message["type"] for message in said]
    assert kinds[0] == "length"
    assert kinds.count("progress") >= 6
    assert kinds[-1] == "done"
    assert 7.5 <= said[0]["seconds"] <= 8.0
    result = said[-1]["result"]
    [event] = result["events"]
    assert (event["kind"], event["rule"], event["picture"]) == ("zone_enter", "in", 0)
    assert (tmp_path / "pictures" / "0.jpg").read_bytes().startswith(b"\xff\xd8\xff")
    here = dry_run(clip(8.0, passing), decode_rules(RULES.encode()), MovingObjectDetector())
    assert result["frames"] == here.frames


async def test_no_more_pictures_than_allowed_and_no_more_seconds(
    recorded: Path, tmp_path: Path
) -> None:
    said = await run(order(recorded, tmp_path / "p", most_pictures=0, most_s=5.0))
    result = said[-1]["result"]
    assert result["cut"] == "seconds"
    assert [event["picture"] for event in result["events"]] == [None]
    assert list((tmp_path / "p").iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"no video at all", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", b"\0" * 4096],
    ids=["empty", "text", "playlist", "zeros"],
)
async def test_a_file_that_is_none_is_refused_with_words(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(content)
    said = await run(order(file, tmp_path / "p"))
    assert [(message["type"], message.get("code")) for message in said] == [("error", "media")]


async def test_a_broken_file_ends_in_a_result_or_a_word(recorded: Path, tmp_path: Path) -> None:
    whole = bytearray(recorded.read_bytes())
    for at in range(len(whole) // 3, len(whole), 97):
        whole[at] ^= 0xFF
    file = tmp_path / "clip.mp4"
    file.write_bytes(whole)
    said = await run(order(file, tmp_path / "p"))
    assert said[-1]["type"] in ("done", "error")


async def test_it_is_ended_when_it_takes_too_long(recorded: Path, tmp_path: Path) -> None:
    with pytest.raises(CamhubError) as refused:
        await run(order(recorded, tmp_path / "p"), longest_s=0.01)
    assert refused.value.code == "dry_run_too_long"
    assert children() == []


async def test_its_own_limits_end_it_and_the_api_says_so(recorded: Path, tmp_path: Path) -> None:
    with pytest.raises(CamhubError) as refused:
        await run(order(recorded, tmp_path / "p", cpu_s=0))
    assert refused.value.code == "dry_run_crashed"


async def test_calling_it_off_ends_the_process(recorded: Path, tmp_path: Path) -> None:
    said: list[dict[str, Any]] = []
    wanted = order(recorded, tmp_path / "p", most_s=600.0)
    task = asyncio.create_task(run_child(CHILD, wanted, said.append, LONGEST_S))
    await eventually(lambda: bool(children()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() == []


async def test_it_sees_none_of_the_api_s_secrets(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMHUB_DATABASE_URL", "postgresql://hub:canary@db/hub")
    task = asyncio.create_task(run(order(recorded, tmp_path / "p")))
    await eventually(lambda: bool(children()))
    [child] = children()
    assert not any(name.startswith("CAMHUB_") for name in child.environ())
    await task


def children() -> list[psutil.Process]:
    """The dry runs that this process has started."""
    found = []
    for child in psutil.Process().children():
        try:
            if CHILD.module in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found
