"""Models as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, Field

from analytics.builtin import MANIFEST_PATH
from analytics.model.catalogue import Offer
from analytics.model.manifest import Manifest, read_manifest
from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.jobs import Job, JobState
from ioc_api.models.records import StoredModel
from ioc_api.web.languages import Words
from ioc_api.web.shapes import Body

ModelName = Annotated[str, Field(min_length=1, max_length=64)]


class ModelShape(BaseModel):
    """A model: built in, installed, or to be had (``offered``).

    ``sha256`` is empty for an offer whose file nobody has seen here yet: it is pinned when it is
    first installed, and ``pinned`` says whether it is. ``milliseconds`` a picture on ``provider``
    as measured when it was taken in; null where it was not. ``cameras``: how many name it;
    ``default``: those that name none use it.
    """

    name: str
    state: Literal["built_in", "installed", "offered"]
    version: str
    licence: str
    source: str
    about: str
    decoder: str
    classes: list[str]
    groups: list[list[str]]
    input_width: int | None
    input_height: int | None
    sha256: str
    pinned: bool
    bytes: int | None
    milliseconds: float | None
    provider: str
    origin: Literal["built_in", "added", "catalogue"]
    installed_at: str | None
    cameras: int
    default: bool


class ModelList(BaseModel):
    """All models: at most a hundred, and the catalogue. ``default_chosen``: somebody has chosen the
    default, else it is that of the settings. A model slower than ``limit_milliseconds`` is refused.
    """

    items: list[ModelShape]
    default: str
    default_chosen: bool
    limit_milliseconds: float


class DefaultBody(Body):
    """The model of all cameras that name none; null goes back to the one of the settings."""

    name: ModelName | None


class UploadShape(BaseModel):
    """A file that waits to be used within the hour."""

    upload: str
    bytes: int


class AddBody(Body):
    """A model to take in: its manifest (see analytics/README.md) and the upload with its file."""

    manifest: dict[str, Any]
    upload: Annotated[str, Field(min_length=1, max_length=64)]
    replace: bool = False

    def decoded(self) -> Manifest:
        """Return the manifest. Raises InvalidError that names what is wrong with it."""
        try:
            return msgspec.convert(self.manifest, Manifest)
        except msgspec.ValidationError as error:
            raise InvalidError(
                f"the manifest is malformed: {error}",
                hint="see analytics/README.md for its fields",
                code="model_manifest",
            ) from None


class LabelCount(BaseModel):
    """In how many pictures a label was found."""

    label: str
    pictures: int


class ModelResult(BaseModel):
    """What a job gave: the digest and speed of a model, or what a trial saw."""

    model: str
    sha256: str = ""
    provider: str = ""
    trusted_on_first_use: bool = False
    pictures: int = 0
    milliseconds: float = 0.0
    milliseconds_p95: float = 0.0
    labels: list[LabelCount] = Field(default_factory=list)


class ModelJobShape(BaseModel):
    """A job: ``done`` of ``total`` (0: not known) of its ``phase``: download and upload in bytes,
    look in pictures. ``code``, ``error`` and ``hint`` say why it failed.
    """

    id: str
    state: JobState
    phase: str
    done: int
    total: int
    code: str
    error: Words
    hint: Words
    result: ModelResult | None
    has_picture: bool
    created_at: str
    updated_at: str


def job_shape(job: Job) -> ModelJobShape:
    """Write a job as JSON."""
    done = job.state is JobState.DONE and job.result
    return ModelJobShape(
        id=job.id,
        state=job.state,
        phase=job.phase,
        done=job.done,
        total=job.total,
        code=job.code,
        error=job.error,
        hint=job.hint,
        result=ModelResult.model_validate_json(job.result) if done else None,
        has_picture=job.has_picture,
        created_at=us_to_iso(job.created_us),
        updated_at=us_to_iso(job.updated_us),
    )


def built_in_shape(default: str, cameras: int) -> ModelShape:
    """Write the built-in model as JSON."""
    shape = _shape(read_manifest(MANIFEST_PATH), default, cameras)
    return shape.model_copy(update={"state": "built_in", "origin": "built_in", "pinned": True})


def installed_shape(model: StoredModel, default: str, cameras: int) -> ModelShape:
    """Write an installed model as JSON."""
    return _shape(model.manifest, default, cameras).model_copy(
        update={
            "state": "installed",
            "pinned": True,
            "bytes": model.size,
            "milliseconds": round(model.seconds * 1000, 2),
            "provider": model.provider,
            "origin": model.origin,
            "installed_at": us_to_iso(model.installed_us),
        }
    )


def offer_shape(offer: Offer, pinned: str, default: str, cameras: int) -> ModelShape:
    """Write a model of the catalogue as JSON."""
    return _shape(offer.manifest, default, cameras).model_copy(
        update={
            "state": "offered",
            "about": offer.about,
            "sha256": pinned,
            "pinned": bool(pinned),
            "origin": "catalogue",
        }
    )


def _shape(manifest: Manifest, default: str, cameras: int) -> ModelShape:
    width, height = manifest.image.size if manifest.image else (None, None)
    kept = manifest.keep or manifest.classes
    return ModelShape(
        name=manifest.name,
        state="installed",
        version=manifest.version,
        licence=manifest.licence,
        source=manifest.source,
        about="",
        decoder=manifest.decoder,
        classes=[word for word in manifest.classes if word and word in kept],
        groups=[list(group) for group in manifest.groups],
        input_width=width,
        input_height=height,
        sha256=manifest.sha256,
        pinned=False,
        bytes=None,
        milliseconds=None,
        provider="",
        origin="added",
        installed_at=None,
        cameras=cameras,
        default=manifest.name == default,
    )
