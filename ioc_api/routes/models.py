"""``/api/v1/models``: the detection models of the installation, and the jobs that concern them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from analytics.model.manifest import MAX_MODEL_BYTES
from camera_registry.base.errors import InvalidError
from ioc_api.access.guard import By, Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.models.desk import city_only
from ioc_api.models.jobs import MAX_MEDIA
from ioc_api.models.shapes import (
    AddBody,
    DefaultBody,
    ModelJobShape,
    ModelList,
    ModelShape,
    UploadShape,
    job_shape,
)
from ioc_api.routes.deps import Deps
from ioc_api.web.middleware import Upload

router = APIRouter(tags=["models"])

UPLOADS = (
    Upload("POST", r"/api/v1/model-uploads", MAX_MODEL_BYTES),
    Upload("POST", r"/api/v1/models/[^/]+/test", MAX_MEDIA),
)

_FILE = {"type": "string", "format": "binary"}
_MANAGE = permission(Action.MODEL_MANAGE, also=(409,))


def _uploading() -> dict[str, Any]:
    found = permission(Action.MODEL_MANAGE)
    found["openapi_extra"]["requestBody"] = {
        "required": True,
        "content": {"application/octet-stream": {"schema": _FILE}},
    }
    return found


def _city(scope: Granted) -> None:
    city_only(scope)


CityWide = Annotated[None, Depends(_city)]


@router.get("/api/v1/models", **permission(Action.SYSTEM_VIEW))
async def list_models(deps: Deps) -> ModelList:
    """List the models: built in, installed, and of the catalogue."""
    return await deps.models.list()


@router.get("/api/v1/models/{name}", **permission(Action.SYSTEM_VIEW))
async def get_model(deps: Deps, name: str) -> ModelShape:
    """Show one model."""
    return await deps.models.get(name)


@router.put("/api/v1/model-default", **permission(Action.MODEL_MANAGE, also=(404,)))
async def choose_default(deps: Deps, _: CityWide, body: DefaultBody) -> ModelList:
    """Choose the model of all cameras that name none; workers take it up without a restart."""
    await deps.models.choose_default(body.name)
    return await deps.models.list()


@router.post("/api/v1/model-uploads", status_code=201, **_uploading())
async def upload_model(deps: Deps, _: CityWide, request: Request) -> UploadShape:
    """Upload the ONNX file of a model; say then with its manifest what it is."""
    async with _received(request) as (path, size):
        return UploadShape(upload=await deps.models.keep_upload(path), bytes=size)


@router.post("/api/v1/models", status_code=202, **permission(Action.MODEL_MANAGE, also=(404, 409)))
async def add_model(deps: Deps, _: CityWide, by: By, body: AddBody) -> ModelJobShape:
    """Take in an uploaded model, as a job: it is checked, tried out, timed, and then kept."""
    return job_shape(await deps.models.add(body, by.id))


@router.post("/api/v1/models/{name}/install", status_code=202, **_MANAGE)
async def install_model(deps: Deps, _: CityWide, by: By, name: str) -> ModelJobShape:
    """Fetch a model of the catalogue and take it in, as a job."""
    return job_shape(await deps.models.install(name, by.id))


@router.post("/api/v1/models/{name}/test", status_code=202, **_uploading())
async def try_model(deps: Deps, _: CityWide, by: By, name: str, request: Request) -> ModelJobShape:
    """Try out a model on a picture or clip, as a job with a picture of what it saw."""
    async with _received(request) as (path, _size):
        return job_shape(await deps.models.test(name, path, by.id))


@router.delete("/api/v1/models/{name}", status_code=204, **_MANAGE)
async def remove_model(deps: Deps, _: CityWide, name: str) -> None:
    """Remove a model that no camera names and that is not the default."""
    await deps.models.remove(name)


@router.get("/api/v1/model-jobs/{job_id}", **permission(Action.MODEL_MANAGE))
async def get_model_job(deps: Deps, _: CityWide, job_id: str) -> ModelJobShape:
    """Show how far a job is; it is kept for an hour."""
    return job_shape(await deps.models.job(job_id))


@router.delete("/api/v1/model-jobs/{job_id}", **permission(Action.MODEL_MANAGE))
async def cancel_model_job(deps: Deps, _: CityWide, job_id: str) -> ModelJobShape:
    """Call a job off; nothing of it is kept."""
    return job_shape(await deps.models.cancel(job_id))


@router.get(
    "/api/v1/model-jobs/{job_id}/picture",
    responses={200: {"description": "A JPEG", "content": {"image/jpeg": {"schema": _FILE}}}},
    response_class=Response,
    **permission(Action.MODEL_MANAGE),
)
async def get_model_job_picture(deps: Deps, _: CityWide, job_id: str) -> Response:
    """Show the picture in which a trial found most, with what it found drawn into it."""
    return Response(await deps.models.picture(job_id), media_type="image/jpeg")


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[tuple[Path, int]]:
    """The body of a request as a file, for the time of the block. Raises InvalidError."""
    with tempfile.NamedTemporaryFile(prefix="camhub-upload-") as file:
        size = 0
        async for part in request.stream():
            size += await asyncio.to_thread(file.write, part)
        await asyncio.to_thread(file.flush)
        if not size:
            raise InvalidError("the file is empty", code="upload_empty")
        yield Path(file.name), size
