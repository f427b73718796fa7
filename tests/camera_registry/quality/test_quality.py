"""Six principles: what each finds; properties of scores; the standard as a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.errors import ConfigError
from camera_registry.details import Details, StreamProfile
from camera_registry.model import Camera, CameraClass, Position
from camera_registry.naming import CodeScheme
from camera_registry.quality.density import dori, level, pixels_per_metre
from camera_registry.quality.model import Facts, Measure, Principle, Quality, Use
from camera_registry.quality.score import Judge, mean, weighted
from camera_registry.quality.standard import Standard
from camera_registry.quality.words import WORDS, words

NOW = 1_700_000_000_000_000
UNIT = "26740"
STANDARD = Standard.load()
JUDGE = Judge(STANDARD, CodeScheme(), {UNIT}.__contains__)
GOOD = Facts(
    Camera(
        "c",
        "Cầu Sài Gòn, hướng đông",
        UNIT,
        "rtsp://10.0.0.1/s",
        Position(106.7, 10.8),
        code=f"{UNIT}-TRF-0001",
        camera_class=CameraClass.TRAFFIC,
        details=Details(
            address="1 Lê Lợi",
            height_m=6.0,
            azimuth_deg=90.0,
            fov_deg=60.0,
            view_m=10.0,
            target_px_m=125.0,
            owner="UBND",
            purpose="giao thông",
            make="Hikvision",
            model="X",
            serial="1",
            installed_on=date(2026, 1, 1),
            sign_posted=True,
            main=StreamProfile("", "h264", 1920, 1080, 25.0),
        ),
    ),
    metres_outside=0.0,
    measure=Measure(NOW, "h264", 1920, 1080, 25.0, 0.4),
    live_share=1.0,
    uses=dict.fromkeys(Use, True),
)


def details(**values: Any) -> Callable[[Facts], Facts]:
    return lambda facts: replace(
        facts, camera=replace(facts.camera, details=replace(facts.camera.details, **values))
    )


def camera(**values: Any) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, camera=replace(facts.camera, **values))


def fact(**values: Any) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, **values)


def measured(**values: Any) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, measure=replace(facts.measure or Measure(NOW), **values))


def unused(use: Use) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, uses={**facts.uses, use: False})


FAULTS: list[tuple[Principle, str, Callable[[Facts], Facts]]] = [
    (Principle.UNIFIED, "unit", camera(unit_code="00000", code="00000-TRF-0001")),
    (Principle.CORRECT, "outside", fact(metres_outside=120.0)),
    (Principle.CORRECT, "clock", measured(clock_offset_s=-7.5)),
    (Principle.CORRECT, "stream", measured(codec="hevc")),
    (Principle.CORRECT, "stream", measured(fps=12.0)),
    (Principle.CORRECT, "stream", measured(height=720)),
    (Principle.CORRECT, "density", details(target_px_m=250.0)),
    (Principle.COMPLETE, "missing", details(owner="")),
    (Principle.COMPLETE, "missing", details(height_m=None)),
    (Principle.COMPLETE, "missing", details(sign_posted=None)),
    (Principle.CLEAN, "double_url", fact(doubles=frozenset({"url"}))),
    (Principle.CLEAN, "code", camera(code="CAM1")),
    (Principle.LIVE, "gaps", fact(live_share=0.5)),
    (Principle.LIVE, "dead", fact(live_share=0.0)),
    (Principle.UNIFIED, "name", camera(name="Camera 12")),
    (Principle.SHARED, "unused_wall", unused(Use.WALL)),
    (Principle.SHARED, "unused_systems", unused(Use.SYSTEMS)),
]


def judged(facts: Facts) -> Quality:
    return JUDGE.judge(facts, NOW)


def test_a_faultless_camera_has_full_scores_and_no_findings() -> None:
    quality = judged(GOOD)
    assert quality.score == 1.0
    assert set(quality.scores.values()) == {1.0}
    assert quality.findings == ()


@pytest.mark.parametrize("written", ["h265", "H.265", "HEVC"])
def test_a_codec_is_the_same_by_each_of_its_names(written: str) -> None:
    declared = details(main=StreamProfile("", written, 1920, 1080, 25.0))
    assert judged(measured(codec="hevc")(declared(GOOD))).findings == ()
    unmeasured = judged(replace(declared(GOOD), measure=None))
    assert unmeasured.scores[Principle.UNIFIED] == 1.0


@pytest.mark.parametrize(("principle", "code", "spoil"), FAULTS)
def test_each_fault_costs_its_principle_only_and_is_said(
    principle: Principle, code: str, spoil: Callable[[Facts], Facts]
) -> None:
    quality = judged(spoil(GOOD))
    assert [(each.principle, each.code) for each in quality.findings] == [(principle, code)]
    score = quality.scores[principle]
    assert score is not None
    assert score < 1.0
    assert quality.findings[0].lost == pytest.approx(1.0 - score)
    assert {s for each, s in quality.scores.items() if each is not principle} == {1.0}


@given(st.sets(st.integers(0, len(FAULTS) - 1)), st.data())
def test_mending_a_fault_never_lowers_a_score(chosen: set[int], data: st.DataObject) -> None:
    mended = chosen - {data.draw(st.sampled_from(sorted(chosen)))} if chosen else chosen
    worse, better = GOOD, GOOD
    for index in sorted(chosen):
        worse = FAULTS[index][2](worse)
        if index in mended:
            better = FAULTS[index][2](better)
    before, after = judged(worse), judged(better)
    assert before.score is not None
    assert after.score is not None
    assert after.score >= before.score - 1e-12
    for each in Principle:
        low, high = before.scores[each], after.scores[each]
        assert low is not None
        assert high is not None
        assert high >= low - 1e-12


maybe = st.none() | st.floats(0, 1)


@given(
    st.builds(
        Facts,
        camera=st.builds(
            Camera,
            id=st.just("c"),
            name=st.text(max_size=20),
            unit_code=st.sampled_from([UNIT, "99999", ""]),
            url=st.just("rtsp://x"),
            enabled=st.booleans(),
            code=st.text(max_size=12),
            camera_class=st.sampled_from(CameraClass),
            details=st.builds(
                Details,
                fov_deg=st.none() | st.floats(0.1, 360),
                view_m=st.none() | st.floats(0.1, 5000),
                target_px_m=st.none() | st.floats(1, 2000),
            ),
        ),
        metres_outside=st.none() | st.floats(0, 1e6),
        measure=st.none()
        | st.builds(
            Measure,
            at_us=st.integers(0, NOW),
            codec=st.sampled_from(["", "h264", "mjpeg"]),
            width=st.integers(0, 8000),
            clock_offset_s=st.none() | st.floats(-1e6, 1e6),
        ),
        live_share=maybe,
        doubles=st.frozensets(st.sampled_from(["url", "serial", "position"])),
        uses=st.dictionaries(st.sampled_from(Use), st.booleans()),
        young=st.booleans(),
    )
)
def test_scores_stay_within_bounds_and_every_finding_has_words(facts: Facts) -> None:
    quality = judged(facts)
    for score in (quality.score, *quality.scores.values()):
        assert score is None or 0.0 <= score <= 1.0
    for finding in quality.findings:
        assert 0.0 <= finding.lost <= 1.0
        for language in ("vi", "en"):
            said = words(finding, language)
            assert said
            assert "{label}" not in said


@given(st.lists(st.tuples(maybe, st.integers(1, 1000)), max_size=8))
def test_a_mean_lies_between_the_least_and_the_most(scores: list[tuple[float | None, int]]) -> None:
    known = [score for score, _ in scores if score is not None]
    found = mean(scores)
    assert (found is None) == (not known)
    if found is not None:
        assert min(known) - 1e-9 <= found <= max(known) + 1e-9


def test_what_is_not_known_is_left_out_and_said_so() -> None:
    unknown = Facts(replace(GOOD.camera, position=None), live_share=None, uses={})
    quality = judged(unknown)
    assert quality.scores[Principle.LIVE] is None
    assert quality.scores[Principle.SHARED] is None
    assert weighted(dict.fromkeys(Principle), STANDARD.weights) is None
    codes = {each.code for each in quality.findings if each.lost == 0.0}
    assert {"no_position", "no_clock", "no_stream", "no_history"} <= codes


def test_an_old_measurement_says_nothing() -> None:
    old = measured(at_us=NOW - 31 * 86_400_000_000, clock_offset_s=99.0)(GOOD)
    assert "clock" not in {each.code for each in judged(old).findings}


def test_pixel_density_and_both_its_labels() -> None:
    # 1920 pixels over 2 * 10 m * tan(30°) = 11.547 m
    assert pixels_per_metre(1920, 60.0, 10.0) == pytest.approx(166.277, abs=0.001)
    assert [dori(px) for px in (24.9, 25, 62.5, 125, 250)] == [
        "",
        "detect",
        "observe",
        "recognise",
        "identify",
    ]
    assert [level(px) for px in (19.9, 20, 79, 80, 125, 250, 500, 1500)] == [
        "",
        "overview",
        "outline",
        "discern",
        "perceive",
        "characterise",
        "validate",
        "scrutinise",
    ]


@pytest.mark.parametrize("name", ["Camera 12", "cam01", "IPC", "kênh 3", "192.168.1.4", "CH-2"])
def test_a_name_that_says_nothing_is_not_within_the_standard(name: str) -> None:
    assert STANDARD.name.fullmatch(name) is None


def test_an_own_standard_replaces_only_what_it_names(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('codecs = ["H265"]\n[weights]\nlive = 3\n[mandatory]\nall = ["owner"]\n')
    standard = Standard.load(own)
    assert standard.codecs == {"hevc"}
    assert standard.weights[Principle.LIVE] == 3.0
    assert standard.weights[Principle.CLEAN] == 1.0
    assert standard.mandatory[CameraClass.OTHER] == ("owner",)
    assert standard.clock_s == STANDARD.clock_s


@pytest.mark.parametrize(
    "text",
    [
        "codecs = 3",
        "colour = 1",
        "[mandatory]\nall = ['soul']",
        "[mandatory]\nzeppelin = []",
        "name_pattern = '('",
        "clock_s = -1",
        "[weights]\ncorrect = 0\ncomplete = 0\nclean = 0\nlive = 0\nunified = 0\nshared = 0",
        "=",
    ],
)
def test_a_broken_standard_is_refused_in_words(tmp_path: Path, text: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(ConfigError, match="quality standard"):
        Standard.load(own)


def test_every_code_has_words_in_both_languages() -> None:
    assert all(len(pair) == 2 and all(pair) for pair in WORDS.values())
