"""The process that handles a model or a clip which somebody brought: one order, then it ends.

Started by ``ioc_api.models.jobs``. It knows no database and no secret: it reads and writes files in
the directory of its order, and says what came of it.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from pathlib import Path
from typing import Literal

import msgspec

from analytics.model.catalogue import offer
from analytics.model.files import MANIFEST_FILE, MODEL_FILE
from analytics.model.manifest import Manifest, read_manifest, read_onnx, verify
from camera_registry.base.errors import CamhubError
from ioc_api.compose.detectors import open_detector
from ioc_api.compose.intake import fetch_offer, try_out
from ioc_api.hosting import logs
from ioc_api.models.download import https_opener
from ioc_api.models.trial import run_trial
from ioc_api.settings import Settings

_MEMORY = 6 * 2**30
_NICE = 10
_LOOKED_AT_FPS = 5.0


class ChildOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``add`` tries out the model in ``place``, ``install`` fetches the offer ``name`` there first
    (``pinned``: the sha256 that it must have), ``test`` looks at the file ``media`` with it, or
    with the built-in one where there is none. ``settings`` are those of the detectors.
    """

    kind: Literal["add", "install", "test"]
    place: str
    settings: dict[str, str]
    name: str = ""
    pinned: str = ""
    media: str = ""
    frames: int = 100


def main() -> None:
    """Do one order."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=ChildOrder)
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if order.settings["detector_providers"] == "cpu":  # others map far more than they use
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logs.configure("warning", "json", "models")
    place = Path(order.place)
    settings = Settings.model_validate({"data": place, **order.settings})
    try:
        if order.kind == "test":
            _test(settings, place, order)
        else:
            _check(settings, place, order)
    except CamhubError as error:
        _say(
            type="error",
            kind=error.kind.name,
            code=error.code,
            message=error.message,
            hint=error.hint,
        )


def _check(settings: Settings, place: Path, order: ChildOrder) -> None:
    if order.kind == "install":
        model = fetch_offer(settings, offer(order.name), order.pinned, https_opener(), _tell)
        (place / MODEL_FILE).write_bytes(model.data)
        manifest = model.manifest
    else:
        manifest = read_manifest(place / MANIFEST_FILE)
        model = verify(manifest, read_onnx(place / MODEL_FILE))
    _tell("check", 0, 0)
    detector = try_out(settings, model)
    (place / MANIFEST_FILE).write_bytes(msgspec.json.encode(manifest))
    _say(type="done", seconds=detector.seconds, provider=detector.provider)


def _test(settings: Settings, place: Path, order: ChildOrder) -> None:
    model = None
    if (place / MODEL_FILE).exists():
        manifest: Manifest = read_manifest(place / MANIFEST_FILE)
        model = verify(manifest, read_onnx(place / MODEL_FILE))
    _tell("load", 0, 0)
    detector = open_detector(settings, model)
    trial = run_trial(
        detector,
        Path(order.media),
        fps=_LOOKED_AT_FPS,
        frames=order.frames,
        report=lambda done, most: _tell("look", done, most),
    )
    (place / "seen.jpg").write_bytes(trial.jpeg())
    _say(
        type="done",
        model=trial.model,
        pictures=len(trial.spent),
        milliseconds=round(trial.middle_s * 1000, 2),
        milliseconds_p95=round(trial.slow_s * 1000, 2),
        labels=[
            {"label": label, "pictures": count} for label, count in trial.labels.most_common(50)
        ],
    )


def _tell(phase: str, done: int, total: int) -> None:
    _say(type="progress", phase=phase, done=done, total=total)


def _say(**message: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
