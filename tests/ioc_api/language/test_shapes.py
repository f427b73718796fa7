"""Sentences of ours in answers that are no refusals: reasons of jobs, edits, imports, states."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, PlainSerializer

import ioc_api.app  # noqa: F401 - its routes define the shapes
from camera_registry.imports.messages import error
from camera_registry.probe import PROBE, Failure, ProbeReport, encode
from ioc_api.routes import jobs
from ioc_api.web import languages
from ioc_api.web.problems import FieldError, Problem

SENTENCES = {"message", "error", "hint", "reason", "model_reason"}


def shapes(of: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    for each in of.__subclasses__():
        yield each
        yield from shapes(each)


def test_every_sentence_beside_a_code_is_spoken_in_the_language_of_the_request() -> None:
    plain = set()
    looked_at = set()
    for shape in shapes():
        if not shape.__module__.startswith("ioc_api.") or shape in (Problem, FieldError):
            continue  # a problem is translated as a whole
        names = shape.model_fields.keys()
        if not names & {"code", "reason_code"}:
            continue
        for name in names & SENTENCES:
            field = shape.model_fields[name]
            if field.annotation is not str:
                continue
            looked_at.add(shape.__name__)
            if not any(isinstance(each, PlainSerializer) for each in field.metadata):
                plain.add(f"{shape.__name__}.{name}")
    assert plain == set()
    assert {"JobError", "EditShape", "LineShape", "ImportShape", "CameraStatus"} <= looked_at


def test_the_report_of_a_probe_gives_its_reasons_in_the_language() -> None:
    why = Failure("timeout", "the device did not answer in time", "try again", step="onvif")
    report = encode(ProbeReport("rtsp://10.0.0.1/", False, False, 1.0, failure=why))
    before = languages._asked.set("vi")
    try:
        shown = jobs._spoken(jobs._DECODERS[PROBE](report))
    finally:
        languages._asked.reset(before)
    assert isinstance(shown, ProbeReport)
    assert shown.failure is not None
    assert shown.failure.message == "thiết bị không trả lời kịp"
    assert (shown.failure.code, shown.failure.hint) == ("timeout", "hãy thử lại")


def test_the_reason_within_a_finding_of_an_import_is_translated() -> None:
    finding = error("unit", "refused", reason="you may not manage cameras in 26740 Bến Nghé")
    assert finding.words("vi") == (
        "Không được chấp nhận: bạn không được quản lý camera ở 26740 Bến Nghé"
    )
    assert finding.words("en") == "Not accepted: you may not manage cameras in 26740 Bến Nghé"
