"""`camhub rules` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.simulator.encoder import default_kbps
from ingest.simulator.library import ClipSpec, build
from ingest.simulator.scenes import SceneSpec
from tests.system.test_command_line import camhub, one_line

LINE = {"id": "middle", "a": [0.5, 0.3], "b": [0.5, 0.98]}
NIGHT = {"windows": [{"days": ["mon"], "start": "22:00", "end": "05:00"}]}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = SceneSpec("quiet", 640, 360, 25, 20.0, 1)
    folder = tmp_path_factory.mktemp("clips")
    return build(ClipSpec(spec, "vbr", default_kbps(640, 360, 25)), folder)


def write(folder: Path, *rules: object) -> Path:
    path = folder / "rules.json"
    path.write_text(json.dumps({"rules": rules}))
    return path


def test_events_and_counts_of_a_clip_are_those_of_its_truth(tmp_path: Path, media: Path) -> None:
    truth = json.loads(media.with_suffix(".json").read_text())
    (one,) = truth["crossings"]
    rules = write(tmp_path, {"kind": "line_cross", "id": "gate", "line": LINE})
    given = ["--rules", str(rules), "--media", str(media), "--start", "2026-03-02T23:00"]
    done = camhub("rules", "test", *given, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    direction = "right" if one["direction"] > 0 else "left"
    assert [event["kind"] for event in said["events"]] == [f"line_cross_{direction}"]
    for step in ("minutes", "hours", "days"):
        assert [(r["direction"], r["value"]) for r in said[step]] == [(direction, 1)]
    assert said["days"][0]["at"].startswith("2026-03-01T17:00:00")  # midnight in the city
    words = camhub("rules", "test", *given)
    assert f"line_cross_{direction}" in words.stdout
    assert "events: 1" in words.stdout


def test_as_many_pictures_are_looked_at_as_of_a_camera(media: Path) -> None:
    looked = [
        json.loads(
            camhub("rules", "test", "--media", str(media), "--json", CAMHUB_ANALYSIS_FPS=fps).stdout
        )["frames"]
        for fps in ("2", "5")
    ]
    assert looked == [40, 100]


def test_schedule_goes_by_the_time_that_is_given(tmp_path: Path, media: Path) -> None:
    rules = write(tmp_path, {"kind": "zone_enter", "id": "night", "schedule": NIGHT})
    given = ["--rules", str(rules), "--media", str(media), "--json"]
    for start, events in (("2026-03-02T23:00", 1), ("2026-03-02T12:00", 0)):
        done = camhub("rules", "test", *given, "--start", start)
        assert len(json.loads(done.stdout)["events"]) == events, start


def test_what_is_wrong_is_one_line(tmp_path: Path, media: Path) -> None:
    wrong = write(tmp_path, {"kind": "dwell", "id": "a", "after_s": -1})
    for arguments, words in (
        (["--rules", str(wrong), "--media", str(media)], "$.rules[0].after_s"),
        (["--rules", str(tmp_path / "gone.json"), "--media", str(media)], "gone.json"),
        (["--media", str(tmp_path / "gone.mp4")], "gone.mp4"),
        (["--media", str(wrong)], "rules.json"),
        (["--media", str(media), "--start", "yesterday"], "--start"),
    ):
        done = camhub("rules", "test", *arguments)
        assert done.returncode == 2
        assert words in one_line(done)


def test_schema_and_default_document_are_printed() -> None:
    schema = json.loads(camhub("rules", "schema").stdout)
    assert schema["title"] == "camhub rules of one camera"
    assert json.loads(camhub("rules", "default").stdout)["rules"][0]["kind"] == "zone_enter"
