"""`camhub probe` and `camhub discover`, run in place."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from camera_registry.base.errors import CamhubError
from ioc_api.cli.cameras import cameras
from ioc_api.cli.discover import discover
from ioc_api.cli.probe import probe
from tests.ingest.conftest import Camera, camera, clip
from tests.onvif.device import JPEG, PASSWORD, USER, Setup, running
from tests.onvif.recorder import recorder, url_of

__all__ = ["camera", "clip"]
URLS = {"main": "rtsp://127.0.0.1:8554/street", "sub": "rtsp://127.0.0.1:8554/street_sub"}


async def run(command: object, *arguments: str, given: str = "") -> Result:
    """Run a command in a thread: it makes an event loop of its own."""
    return await asyncio.to_thread(
        CliRunner().invoke,
        command,  # type: ignore[arg-type]
        arguments,
        input=given,
    )


async def test_a_stream(camera: Camera, tmp_path: Path) -> None:
    picture = tmp_path / "gate.jpg"
    done = await run(
        probe,
        camera.url,
        *("--username", "camera", "--password-stdin", "--seconds", "1"),
        *("--snapshot", str(picture)),
        given="s3cret\n",
    )
    assert done.exit_code == 0, done.output
    assert "h264" in done.output
    assert "320x180" in done.output
    assert "Digest MD5" in done.output
    assert picture.read_bytes()[:2] == b"\xff\xd8"
    assert "s3cret" not in done.output


async def test_a_device_as_json_and_as_words(tmp_path: Path) -> None:
    async with running(Setup(stream_urls=URLS)) as device:
        arguments = (device.url, "--username", USER, "--password-stdin")
        picture = tmp_path / "a.jpg"
        done = await run(
            probe, *arguments, "--json", "--snapshot", str(picture), given=f"{PASSWORD}\n"
        )
        words = await run(probe, *arguments, given=f"{PASSWORD}\n")
        found = await run(discover, "--network", "127.0.0.1/32", "--json")
    report = json.loads(done.output)
    assert report["device"]["serial"] == "SN-0042"
    assert picture.read_bytes() == JPEG
    assert "Example Optics T-1000" in words.output
    assert URLS["main"] in words.output
    assert PASSWORD not in done.output + words.output
    assert found.exit_code == 0, found.output


async def test_what_was_found_is_kept_in_a_camera_s_record(camera: Camera, tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    login = ("--username", "camera", "--password-stdin")
    new = ("--name", "n", "--unit", "26743", "--url", camera.url, *login)
    added = await run(cameras, "add", *data, *new, given="s3cret\n")
    assert added.exit_code == 0, added.output
    camera_id = added.output.split()[-1]
    look = (camera.url, *data, *login, "--seconds", "1", "--save", camera_id)
    done = await run(probe, *look, given="s3cret\n")
    assert done.exit_code == 0, done.output
    assert "saved" in done.output
    kept = json.loads((await run(cameras, "show", *data, camera_id)).output)
    main = kept["details"]["main"]
    assert (main["codec"], main["width"], main["height"]) == ("h264", 320, 180)
    assert main["fps"] > 0
    assert "s3cret" not in done.output


async def test_a_failure_is_said_with_what_to_try(camera: Camera) -> None:
    done = await run(probe, camera.url + "x")
    assert isinstance(done.exception, CamhubError)
    assert done.exception.code == "not_found"
    assert "try Hikvision: /Streaming/Channels/101" in done.output


@pytest.mark.parametrize("url", ["rtsp://169.254.169.254/a", "http://0.0.0.0/"])
async def test_networks_that_are_not_allowed(url: str) -> None:
    done = await run(probe, url)
    assert isinstance(done.exception, CamhubError)
    assert done.exception.code == "network_not_allowed"


async def test_interfaces_that_are_not_there() -> None:
    done = await run(discover, "--interface", "nowhere0")
    assert isinstance(done.exception, CamhubError)
    assert "lo (127.0.0.1)" in done.exception.hint


async def test_a_recorder_is_told_channel_by_channel() -> None:
    async with running(recorder()) as device:
        arguments = (device.url, "--username", USER, "--password-stdin")
        words = (await run(probe, *arguments, given=f"{PASSWORD}\n")).output
    third = words.index("source vs_3")
    assert third < words.index(url_of("main", "vs_3")) < words.index("source vs_4")
