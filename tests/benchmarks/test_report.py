"""Tables and JSON of the benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.report import Figure, Result, Run, finish, parser, table


def result(*figures: Figure, notes: tuple[str, ...] = ()) -> Result:
    return Result("ingest", "python -m benchmarks.ingest", "a machine", "2026", figures, notes)


def test_a_ratio_needs_a_peer() -> None:
    assert Figure("a", 3.0, "ms", 2.0, "b").ratio == 1.5
    assert Figure("a", 3.0, "ms").ratio is None
    assert Figure("a", 3.0, "ms", 0.0, "b").ratio is None
    assert Figure("MOTA", -14.0, "%", -8.0, "b").ratio is None


@pytest.mark.parametrize(("target", "missed"), [(None, False), (2.0, False), (1.9, True)])
def test_a_target_is_the_most_that_is_asked(target: float | None, missed: bool) -> None:
    assert Figure("a", 2.0, "ms", target=target).missed is missed


def test_a_figure_whose_height_is_good_has_a_least_value() -> None:
    assert not Figure("a", 2.0, "x", target=1.5, higher=True).missed
    assert Figure("a", 1.0, "x", target=1.5, higher=True).missed
    assert Figure("a", 1.0, "x", target=1.5, higher=True).asked == ">= 1.5"
    assert Figure("a", 1.0, "x").asked == ""


def test_keys_stand_at_the_top_and_are_not_lost() -> None:
    made = Run("ingest").result([], [], {}, {"cameras_per_core": 3.5, "ratio_to_peer": None})
    body = json.loads(json.dumps(made.to_json()))
    assert (body["cameras_per_core"], body["ratio_to_peer"]) == (3.5, None)
    assert Result.from_json(body) == made


def test_a_missed_target_is_noted_first() -> None:
    run = Run("simulator")
    figures = [Figure("CPU", 0.7, "cores", target=0.5), Figure("x", 1, "ms", target=2)]
    made = run.result(figures, ["other"], {})
    assert made.notes == ("target missed: CPU is 0.7 cores, asked for <= 0.5", "other")
    assert made.command.startswith("python -m benchmarks.simulator")


def test_the_table_shows_value_peer_ratio_and_miss() -> None:
    figures = (Figure("CPU", 0.75, "cores", 0.5, "ffmpeg", 0.5), Figure("p50", 12.345, "ms"))
    lines = table([result(*figures, notes=("said",))]).splitlines()
    assert lines[0].split() == ["benchmark", "figure", "value", "peer", "ratio", "target"]
    assert lines[2].split() == [
        "ingest", "CPU", "0.75", "cores", "0.5", "ffmpeg", "1.50", "MISSED", "(<=", "0.5)",
    ]  # fmt: skip
    assert lines[3].split() == ["ingest", "p50", "12.3", "ms", "-", "-", "-"]
    text = "\n".join(lines)
    assert "a machine" in text
    assert "note: said" in text
    assert "python -m benchmarks.ingest" in text


def test_json_gives_the_result_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = result(Figure("CPU", 0.75, "cores", 0.5, "ffmpeg", 0.5), notes=("said",))
    path = tmp_path / "new" / "ingest.json"
    finish(made, path)
    body = json.loads(path.read_text())
    assert body["figures"][0]["ratio"] == 1.5
    assert body["figures"][0]["missed"] is True
    assert Result.from_json(body) == made
    assert "MISSED" in capsys.readouterr().out


def test_every_benchmark_has_the_same_options() -> None:
    given = parser("x", seconds=4.0).parse_args(["--json", "f.json", "--windows", "5"])
    assert (given.json, given.seconds, given.windows) == (Path("f.json"), 4.0, 5)
