from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from camera_registry.base.errors import StorageError
from ingest.simulator import library
from ingest.simulator.clip import Clip, read_clip
from ingest.simulator.config import Rate
from ingest.simulator.encoder import default_kbps, encode_mp4, require_encoder
from ingest.simulator.library import ClipSpec, build, build_all
from tests.ingest.simulator.conftest import small


def gop_bytes(clip: Clip) -> list[int]:
    sizes: list[int] = []
    for unit in clip.units:
        if unit.key:
            sizes.append(0)
        sizes[-1] += sum(len(nal) for nal in unit.nals)
    return sizes


def variation(values: list[int]) -> float:
    mean = sum(values) / len(values)
    return float((sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5 / mean)


@pytest.mark.parametrize(("rate", "seed"), [("cbr", 1), ("cbr", 2), ("vbr", 1), ("vbr", 2)])
def test_constant_rate_is_constant_and_variable_is_not(
    rate: Rate, seed: int, tmp_path: Path
) -> None:
    # The quiet lane: a picture of little else than noise, and one person who passes.
    camera = small("any", source="quiet", rate=rate, seconds=24.0, fps=10, seed=seed)
    clip = read_clip(build(ClipSpec.of(camera), tmp_path))
    sizes = gop_bytes(clip)
    assert len(sizes) == 12
    if rate == "cbr":
        assert variation(sizes[1:]) <= 0.06
        assert sum(sizes) * 8 / 24 == pytest.approx(default_kbps(320, 180, 10) * 1000, rel=0.1)
    else:
        assert variation(sizes[1:]) > 0.06


def test_a_clip_is_what_was_asked_for(clip_path: Path) -> None:
    clip = read_clip(clip_path)
    assert (clip.codec, clip.width, clip.height, clip.fps) == ("H264", 320, 180, 25)
    assert len(clip.units) == 10
    assert [unit.key for unit in clip.units] == [True] + [False] * 9
    assert [unit.pts for unit in clip.units] == [index * 3600 for index in range(10)]
    assert clip.duration == 36_000
    assert len(clip.parameter_sets) == 2


def test_truth_lies_beside_the_clip(clip_path: Path) -> None:
    truth = json.loads(clip_path.with_suffix(".json").read_text())
    assert (truth["fps"], truth["frames_total"], len(truth["frames"])) == (25, 10, 10)


def test_each_parameter_makes_another_clip() -> None:
    camera = small("any")
    changed = [
        camera,
        replace(camera, rate="cbr"),
        replace(camera, seed=2),
        replace(camera, width=322),
        replace(camera, fps=24),
        replace(camera, seconds=1.0),
        replace(camera, kbps=999),
        replace(camera, source="quiet"),
    ]
    assert len({ClipSpec.of(one).key for one in changed}) == len(changed)
    assert ClipSpec.of(camera).key == ClipSpec.of(replace(camera, name="other")).key


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(library, "encode_mp4", fail)
    with pytest.raises(StorageError, match="No space left"):
        build(ClipSpec.of(small("any")), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_clip_appears_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ClipSpec.of(small("any"))
    real = encode_mp4
    seen: list[str] = []

    def encode(target: Path, *args: object, **more: object) -> None:
        real(target, *args, **more)  # type: ignore[arg-type]
        seen.extend(path.name for path in tmp_path.iterdir() if path.is_file())

    monkeypatch.setattr(library, "encode_mp4", encode)
    path = build(spec, tmp_path)
    assert seen == []
    assert sorted(one.name for one in tmp_path.iterdir()) == [f"{spec.key}.json", f"{spec.key}.mp4"]
    before = path.stat().st_mtime_ns
    assert build(spec, tmp_path) == path
    assert path.stat().st_mtime_ns == before


async def test_missing_clips_are_built_in_processes(tmp_path: Path) -> None:
    specs = {ClipSpec.of(small("any", seed=seed)) for seed in (11, 12)}
    old = tmp_path / ".making-old"
    old.mkdir()
    long_ago = time.time() - 7200
    os.utime(old, (long_ago, long_ago))
    done: dict[str, Path] = {}
    await build_all(specs, tmp_path, 2, lambda spec, path: done.update({spec.key: path}))
    assert set(done) == {spec.key for spec in specs}
    assert all(path.is_file() for path in done.values())
    assert not list(tmp_path.glob(".making-*"))


async def test_building_can_be_given_up(tmp_path: Path) -> None:
    spec = ClipSpec.of(small("any", width=1280, height=720, seconds=300.0))
    task = asyncio.create_task(build_all({spec}, tmp_path, 1, lambda *_: None))
    while not list(tmp_path.glob(".making-*")):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not (tmp_path / f"{spec.key}.mp4").exists()


def test_a_missing_encoder_is_told() -> None:
    with pytest.raises(Exception, match="no such-encoder"):
        require_encoder("such-encoder")
