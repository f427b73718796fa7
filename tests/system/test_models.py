"""`camhub models` as its user types it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np
import pytest

from ingest.media_file import Mp4Writer
from tests.analytics.graphs import model_of
from tests.system.hub import CAMHUB


def camhub(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CAMHUB, "models", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "CAMHUB_DETECTOR_LIMIT_MS": "60000"},
    )


@pytest.fixture
def added(tmp_path: Path) -> Path:
    rows = np.array([[[16, 16, 48, 48, 0.9, 0]]], np.float32)
    model = model_of("nms_rows", {"rows": rows}, name="street")
    (tmp_path / "s.onnx").write_bytes(model.data)
    (tmp_path / "s.json").write_bytes(msgspec.json.encode(model.manifest))
    data = tmp_path / "data"
    done = camhub(data, "add", str(tmp_path / "s.onnx"), "--manifest", str(tmp_path / "s.json"))
    assert done.returncode == 0, done.stderr
    assert "ms a picture on CPUExecutionProvider" in done.stdout
    return data


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    with Mp4Writer(path, 10) as writer:
        for index in range(20):
            writer.write(np.full((90, 160, 3), 10 * index, np.uint8))
    return path


def test_models_are_listed_and_removed(added: Path) -> None:
    listed = camhub(added, "list").stdout.splitlines()
    assert listed[0].startswith("* moving-object")
    assert any("street" in line and "installed" in line for line in listed)
    assert any("yolox-nano" in line and "Apache-2.0" in line for line in listed)
    assert camhub(added, "remove", "street").returncode == 0
    assert "installed" not in camhub(added, "list").stdout
    again = camhub(added, "remove", "street")
    assert again.returncode == 66
    assert again.stderr.startswith("camhub: there is no model street")


def test_trial_prints_the_speed_and_writes_what_was_seen(
    added: Path, clip: Path, tmp_path: Path
) -> None:
    video, picture = tmp_path / "seen.mp4", tmp_path / "seen.png"
    done = camhub(added, "test", "street", "--media", str(clip), "--out", str(video))
    assert done.returncode == 0, done.stderr
    assert "street@1: 10 pictures," in done.stdout
    assert "person: in 10 of 10 pictures" in done.stdout
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(frames) == 10
    assert frames[0].shape == (90, 160, 3)
    assert frames[0][22:24, 60:100].max() > 100  # the box is drawn on black

    done = camhub(added, "test", "street", "--media", str(clip), "--out", str(picture))
    assert done.returncode == 0, done.stderr
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    assert drawn.shape == (90, 160, 3)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["test", "nothing", "--media", "x.mp4"], "no model nothing"),
        (["test", "moving-object", "--media", "x.mp4"], "x.mp4 cannot be read"),
        (["test", "moving-object", "--media", "x.mp4", "--out", "x.gif"], "neither .mp4 nor .png"),
        (["install", "yolov8n"], "the catalogue has no model"),
        (["add", "x.onnx", "--manifest", "x.json"], "x.json: No such file"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, arguments: list[str], word: str) -> None:
    done = camhub(tmp_path / "data", *arguments)
    assert done.returncode not in {0, 1}
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 or arguments[0] == "install"
    assert "Traceback" not in done.stderr
