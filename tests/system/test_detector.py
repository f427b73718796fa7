"""A model of classes in a whole hub: a real clip, played as a camera, becomes events."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.analytics.fastestdet import MANIFEST, model_file
from tests.system.hub import CAMHUB, Hub
from tests.tools import shared_media
from tests.waiting import eventually

CLIP = "one-by-one-person-detection.mp4"


@pytest.fixture
def camera_url(tmp_path: Path) -> Iterator[str]:
    clip = shared_media(CLIP)
    command = [*CAMHUB, "simulate", "--camera", f"gate,source={clip}", "--port", "0"]
    simulator = subprocess.Popen(
        [*command, "--cache", str(tmp_path / "scenes")], stdout=subprocess.PIPE, text=True
    )
    assert simulator.stdout is not None
    try:
        yield next(line for line in simulator.stdout if line.startswith("rtsp://")).strip()
    finally:
        simulator.terminate()
        simulator.wait(20)
        simulator.stdout.close()


@pytest.mark.timeout(600)
async def test_events_of_the_chosen_model_carry_its_classes(
    tmp_path: Path, camera_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "fastestdet.json"
    manifest.write_bytes(msgspec.json.encode(MANIFEST))
    monkeypatch.setenv("CAMHUB_DETECTOR", MANIFEST.name)
    hub = Hub(tmp_path / "data", demo=0, workers=1)
    hub.run("models", "add", str(model_file()), "--manifest", str(manifest))
    hub.start()
    try:
        with hub.client() as client:
            camera = {"name": "Cửa", "unit_code": "26743", "url": camera_url}
            client.post("/api/v1/cameras", json=camera).raise_for_status()

        def events() -> list[dict[str, Any]]:
            with hub.client() as client:
                items: list[dict[str, Any]] = client.get("/api/v1/events").json()["items"]
                return items

        await eventually(
            lambda: any(event["label"] == "person" for event in events()), within_s=120
        )
        found = events()
        assert {event["model"] for event in found} == {MANIFEST.label}
        assert {event["label"] for event in found} <= set(MANIFEST.keep), json.dumps(found)
        assert all(event["snapshot"] for event in found)
    finally:
        hub.stop()
