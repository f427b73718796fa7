"""`camhub clip` as an engineer runs it, against a simulated camera in a process of its own."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_registry.base.clock import iso_to_us
from ingest.simulator import CameraConfig, SimulatorConfig
from ingest.simulator.process import simulator_process
from tests.ingest import footage
from tests.ingest.clips.reading import boxes, decoded, samples
from tests.system.hub import CAMHUB


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A camera with Digest log-in: user ``camera``, password ``s3 cret``."""
    directory = tmp_path_factory.mktemp("camera")
    film = footage.write_mp4(directory / "film.mp4", bframes=2, frames=100)
    config = CameraConfig("street", str(film), auth="digest", password="s3 cret")
    with simulator_process(SimulatorConfig((config,), directory)) as simulator:
        yield simulator.ready.url("street")


def clip(*arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CAMHUB, "clip", *arguments],
        input=answer,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def login(url: str) -> list[str]:
    return ["--url", url, "--username", "camera", "--password-stdin"]


def test_a_clip_with_its_times_beside_it(url: str, tmp_path: Path) -> None:
    out = tmp_path / "gate.mp4"
    done = clip(
        *login(url), "--seconds", "2", "--out", str(out), "--camera", "gate", answer="s3 cret\n"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == json.loads((tmp_path / "gate.json").read_text())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gate.json", "gate.mp4"]
    (part,) = told["parts"]
    assert (part["file"], part["camera"], part["codec"]) == ("gate.mp4", "gate", "h264")
    assert part["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert part["pictures"] == len(samples(out)) == len(decoded(out))
    assert boxes(out).index("moov") < boxes(out).index("mdat")
    shown = iso_to_us(part["end"]) - iso_to_us(part["start"])
    assert max(sample.pts_us for sample in samples(out)) == shown >= 2_000_000
    assert part["start"] <= part["exact_from"] < part["end"]
    assert told["complete"] is True
    assert told["gaps"] == told["missing"] == []
    assert "s3 cret" not in done.stdout + done.stderr


def test_ctrl_c_keeps_what_there_is(url: str, tmp_path: Path) -> None:
    out = tmp_path / "gate.mp4"
    address = url.replace("rtsp://", "rtsp://camera:s3%20cret@")
    command = [*CAMHUB, "clip", "--url", address, "--seconds", "600", "--out", str(out)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for_pictures(tmp_path, process)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    told = json.loads(stdout)
    assert told["complete"] is False
    assert [gap["reason"] for gap in told["missing"]] == ["ended"]
    assert len(decoded(out)) == told["parts"][0]["pictures"] > 0
    assert "s3" not in stdout + stderr


def wait_for_pictures(directory: Path, process: subprocess.Popen[str]) -> None:
    """Return once the file that is being written has grown."""
    for _ in range(600):
        if any(path.stat().st_size > 10_000 for path in directory.glob(".gate.mp4-*")):
            return
        assert process.poll() is None, "it ended by itself"
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError("no picture came")


def test_a_wrong_password_is_one_line_without_it(url: str, tmp_path: Path) -> None:
    done = clip(*login(url), "--out", str(tmp_path / "a.mp4"), answer="wr0ng\n")
    assert done.returncode == 69
    (line,) = done.stderr.splitlines()
    assert line.startswith("camhub: the camera refuses the user name or password")
    assert "wr0ng" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--url", "http://10.0.0.1/x", "--out", "a.mp4"], 2, "rtsp://"),
        (["--url", "rtsp://10.0.0.1/x", "--out", "a.avi"], 2, ".mp4"),
        (["--url", "rtsp://10.0.0.1/x", "--out", "taken.mp4"], 65, "exists already"),
        (["--url", "rtsp://10.0.0.1/x", "--out", "told.mp4"], 65, "told.json exists already"),
        (["--url", "rtsp://10.0.0.1/x", "--out", "a.mp4", "--seconds", "0"], 2, "--seconds"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_camera_is_called(
    arguments: list[str], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.mp4").touch()
    (tmp_path / "told.json").touch()
    done = clip(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
