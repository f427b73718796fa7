"""The JSON and CSV of quality."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from camera_registry.base.clock import us_to_iso
from camera_registry.imports.guard import guarded
from camera_registry.model import AdminUnit
from camera_registry.quality.model import Finding, Principle, QualityDay
from camera_registry.quality.ports import GroupScore, Listed
from camera_registry.quality.score import mean
from camera_registry.quality.words import words

Score = Annotated[float | None, Field(ge=0, le=1)]


class ScoresShape(BaseModel):
    """Scores by the six principles, 0..1; null where nothing is known, which counts for nothing."""

    correct: Score
    complete: Score
    clean: Score
    live: Score
    unified: Score
    shared: Score


class FindingShape(BaseModel):
    """A reason, and ``field`` what to mend it in. ``lost`` is what it costs of the principle's
    score; 0: it could not be judged for this reason.
    """

    principle: Principle
    code: str
    field: str
    lost: float
    vi: str
    en: str


class DayShape(BaseModel):
    """The scores of one day of the city."""

    day: date
    score: Score
    scores: ScoresShape


class CameraQuality(BaseModel):
    """A camera's quality, the costliest finding first, and the days before."""

    camera_id: str
    day: date
    computed_at: str
    score: Score
    scores: ScoresShape
    findings: list[FindingShape]
    history: list[DayShape]


class UnitQuality(BaseModel):
    """Means over a unit's cameras that the caller may see, and their trend.

    ``known`` says of how many cameras each principle's mean is.
    """

    unit_code: str
    unit_name_vi: str
    unit_name_en: str
    cameras: int
    score: Score
    scores: ScoresShape
    known: dict[Principle, int]
    trend: list[DayShape]


class QualityBoard(BaseModel):
    """The quality of the city and its units on a day; means are weighted by cameras.

    ``day`` is null where nothing has been scored yet.
    """

    day: date | None
    cameras: int
    score: Score
    scores: ScoresShape
    trend: list[DayShape]
    items: list[UnitQuality]


class CameraScore(BaseModel):
    """A camera of a fix list."""

    camera_id: str
    name: str
    code: str
    unit_code: str
    unit_name_vi: str
    unit_name_en: str
    score: Score
    scores: ScoresShape
    findings: list[FindingShape]


class CameraScorePage(BaseModel):
    """Cameras with what there is to mend."""

    day: date | None
    items: list[CameraScore]
    next_cursor: str | None


def scores_shape(scores: Mapping[Principle, float | None]) -> ScoresShape:
    """Write six scores."""
    return ScoresShape(**{each.value: _bounded(scores.get(each)) for each in Principle})


def board(
    units: Iterable[AdminUnit], groups: Sequence[GroupScore], day: date | None
) -> QualityBoard:
    """Write the means of a day, with the days before as their trend."""
    by_unit: dict[str, list[GroupScore]] = {}
    for group in groups:
        by_unit.setdefault(group.unit_code, []).append(group)
    now = [group for group in groups if group.day == day]
    days = sorted({group.day for group in groups})
    return QualityBoard(
        day=day,
        cameras=sum(group.cameras for group in now),
        score=_city(now),
        scores=_city_scores(now),
        trend=[
            DayShape(day=each, score=_city(on), scores=_city_scores(on))
            for each in days
            for on in [[group for group in groups if group.day == each]]
        ],
        items=[
            _unit(unit, of[-1], of)
            for unit in units
            if (of := by_unit.get(unit.code)) and of[-1].day == day
        ],
    )


def camera_quality(latest: QualityDay, history: Sequence[QualityDay]) -> CameraQuality:
    """Write a camera's quality."""
    quality = latest.quality
    return CameraQuality(
        camera_id=latest.camera_id,
        day=latest.day,
        computed_at=us_to_iso(latest.computed_us),
        score=_bounded(quality.score),
        scores=scores_shape(quality.scores),
        findings=finding_shapes(quality.findings),
        history=[
            DayShape(
                day=each.day,
                score=_bounded(each.quality.score),
                scores=scores_shape(each.quality.scores),
            )
            for each in history
        ],
    )


def camera_score(listed: Listed, unit: AdminUnit) -> CameraScore:
    """Write a camera of a list."""
    quality = listed.day.quality
    return CameraScore(
        camera_id=listed.day.camera_id,
        name=listed.name,
        code=listed.code,
        unit_code=unit.code,
        unit_name_vi=unit.name_vi,
        unit_name_en=unit.name_en,
        score=_bounded(quality.score),
        scores=scores_shape(quality.scores),
        findings=finding_shapes(quality.findings),
    )


def finding_shapes(findings: Iterable[Finding]) -> list[FindingShape]:
    """Write findings, in both languages."""
    return [
        FindingShape(
            principle=each.principle,
            code=each.code,
            field=each.field,
            lost=each.lost,
            vi=words(each, "vi"),
            en=words(each, "en"),
        )
        for each in findings
    ]


UNIT_COLUMNS = ("day", "unit_code", "unit_name_vi", "cameras", "score", *Principle)
CAMERA_COLUMNS = ("camera_id", "code", "name", "unit_code", "unit_name_vi", "score", *Principle)


def board_csv(shown: QualityBoard) -> bytes:
    """Write a board as CSV with a mark by which spreadsheet programs know UTF-8."""
    lines = [
        [shown.day, unit.unit_code, unit.unit_name_vi, unit.cameras, unit.score, *_six(unit.scores)]
        for unit in shown.items
    ]
    return head(UNIT_COLUMNS) + b"".join(line(each) for each in lines)


def cameras_head() -> bytes:
    """Return the first line of a fix list."""
    return head((*CAMERA_COLUMNS, "vi", "en"))


def camera_line(shown: CameraScore) -> bytes:
    """Write a camera of a fix list as a line of CSV."""
    mend = [each for each in shown.findings if each.lost > 0]
    return line(
        [
            shown.camera_id,
            shown.code,
            shown.name,
            shown.unit_code,
            shown.unit_name_vi,
            shown.score,
            *_six(shown.scores),
            "; ".join(each.vi for each in mend),
            "; ".join(each.en for each in mend),
        ]
    )


def head(columns: Sequence[str]) -> bytes:
    """Write the first line of a file."""
    return b"\xef\xbb\xbf" + line([str(each) for each in columns])


def line(values: Iterable[object]) -> bytes:
    """Write a line of CSV (RFC 4180); no text is taken for a formula."""
    text = io.StringIO()
    csv.writer(text).writerow([_cell(value) for value in values])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else guarded(str(value))


def _six(scores: ScoresShape) -> list[float | None]:
    return [getattr(scores, each.value) for each in Principle]


def _unit(unit: AdminUnit, now: GroupScore, days: Sequence[GroupScore]) -> UnitQuality:
    return UnitQuality(
        unit_code=unit.code,
        unit_name_vi=unit.name_vi,
        unit_name_en=unit.name_en,
        cameras=now.cameras,
        score=_bounded(now.score),
        scores=scores_shape(now.scores),
        known=dict(now.known),
        trend=[
            DayShape(day=each.day, score=_bounded(each.score), scores=scores_shape(each.scores))
            for each in days
        ],
    )


def _city(groups: Iterable[GroupScore]) -> float | None:
    return _bounded(mean((each.score, each.scored) for each in groups))


def _city_scores(groups: Sequence[GroupScore]) -> ScoresShape:
    return scores_shape(
        {each: mean((g.scores[each], g.known[each]) for g in groups) for each in Principle}
    )


def _bounded(score: float | None) -> float | None:
    """Take off what rounding of sums may have put beyond 0 or 1."""
    return None if score is None else min(1.0, max(0.0, score))
