"""The command line on real data: one clear line and the right exit code for what is wrong."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.hub import CAMHUB
from tests.tools import require


def camhub(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CAMHUB, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("camhub:")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


@pytest.mark.parametrize(
    "command",
    [[], ["up"], ["api"], ["gateway"], ["worker"], ["simulate"], ["clip"], ["cameras"], ["tokens"],
     ["rules", "test"], ["rules", "schema"], ["rules", "default"],
     ["cameras", "add"], ["cameras", "list"], ["cameras", "remove"], ["tokens", "create"],
     ["models"], ["models", "list"], ["models", "add"], ["models", "install"],
     ["models", "test"], ["models", "remove"], ["config", "show"]],
)  # fmt: skip
def test_every_command_has_help(command: list[str]) -> None:
    done = camhub(*command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    if command not in ([], ["cameras"], ["models"], ["tokens"]):
        assert "xample" in done.stdout


def test_cameras_are_added_listed_and_removed_without_a_hub(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path / "data")]
    camera = ["--name", "Cổng chợ", "--unit", "26743"]
    added = camhub("cameras", "add", *camera, "--url", "rtsp://u:s3cret@10.1.2.3/live", *data)
    assert added.returncode == 0, added.stderr
    listed = camhub("cameras", "list", *data)
    assert "Cổng chợ" in listed.stdout
    assert "rtsp://10.1.2.3/live" in listed.stdout
    assert "s3cret" not in listed.stdout + listed.stderr + added.stdout + added.stderr
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            assert b"s3cret" not in file.read_bytes()
    removed = camhub("cameras", "remove", added.stdout.strip(), *data)
    assert removed.returncode == 0
    assert camhub("cameras", "list", *data).stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--unit", "99999", "--url", "rtsp://10.0.0.1/"], 2, "99999"),
        (["--unit", "26743", "--url", "http://10.0.0.1/"], 2, "rtsp"),
        (["--unit", "26743", "--url", "file:///etc/passwd"], 2, "rtsp"),
        (["--unit", "26743", "--url", "rtsp://169.254.169.254/"], 77, ""),
        (["--unit", "26743", "--url", "rtsp://10.0.0.1/", "--lon", "106"], 2, "position"),
    ],
)
def test_a_wrong_camera_is_refused(
    tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    done = camhub("cameras", "add", "--name", "x", *arguments, "--data", str(tmp_path / "d"),
                  CAMHUB_CAMERA_NETWORKS="10.0.0.0/8")  # fmt: skip
    assert done.returncode == code
    assert words in one_line(done)


def test_an_unknown_camera_cannot_be_removed(tmp_path: Path) -> None:
    done = camhub("cameras", "remove", "nonsense", "--data", str(tmp_path / "d"))
    assert done.returncode == 66
    assert "no such camera" in one_line(done)


def test_a_port_in_use_stops_up_before_it_starts_anything(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = camhub("up", "--port", str(port), "--data", str(tmp_path / "d"))
    assert done.returncode == 78
    assert f"port {port} on 127.0.0.1 cannot be used" in one_line(done)
    assert "--port" in one_line(done)


def test_a_broken_settings_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "camhub.toml"
    file.write_text("port = ")
    for command in ("up", "api", "gateway", "worker"):
        done = camhub(command, "--config", str(file))
        assert done.returncode == 78
        assert "no valid TOML" in one_line(done)


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "d"
    assert camhub("cameras", "list", "--data", str(data)).returncode == 0
    with sqlite3.connect(data / "camhub.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    database.close()
    before = (data / "camhub.db").read_bytes()
    done = camhub("up", "--port", "0", "--data", str(data))
    assert done.returncode == 78
    assert "newer camhub" in one_line(done)
    assert (data / "camhub.db").read_bytes() == before


@pytest.mark.parametrize("role", ["api", "gateway", "worker"])
def test_a_role_without_its_bus_says_what_to_set(tmp_path: Path, role: str) -> None:
    done = camhub(role, "--data", str(tmp_path / "d"))
    assert done.returncode == 78
    assert "CAMHUB_NATS_URL" in one_line(done)


def test_a_role_that_finds_no_server_says_so(tmp_path: Path) -> None:
    done = camhub(
        "worker", "--data", str(tmp_path / "d"), CAMHUB_NATS_URL="nats://s3cret@127.0.0.1:1"
    )
    assert done.returncode == 69
    assert "no nats-server answered" in one_line(done)
    assert "s3cret" not in done.stderr + done.stdout


def test_config_show_hides_secrets(tmp_path: Path) -> None:
    done = camhub("config", "show", CAMHUB_NATS_URL="nats://s3cret@h:1", CAMHUB_DATA=str(tmp_path))
    assert done.returncode == 0
    assert str(tmp_path) in done.stdout
    assert "********" in done.stdout
    assert "s3cret" not in done.stdout


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, which is less than an empty database."""
    require("mount")
    mount = tmp_path / "tiny"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], check=True)
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_is_said_in_one_line(tiny_disk: Path) -> None:
    done = camhub("up", "--port", "0", "--data", str(tiny_disk / "d"))
    assert done.returncode == 74, done.stderr
    assert "disk" in one_line(done) or "No space left" in one_line(done)


def test_simulate_refuses_what_it_cannot_play() -> None:
    assert "nothing to play" in one_line(camhub("simulate"))
    assert "neither a scene nor a file" in one_line(camhub("simulate", "--camera", "a,source=x"))
    assert "no fault is called" in one_line(
        camhub("simulate", "--camera", "a", "--fault", "a=explode")
    )
