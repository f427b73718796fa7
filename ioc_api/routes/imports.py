"""Routes of the bulk import of cameras. Everybody sees the imports of their own."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from camera_registry.imports.columns import COLUMNS
from camera_registry.imports.model import Import, RowState
from camera_registry.imports.template import FORMATS, WrongRow, error_sheet, template
from camera_registry.scope import Scope
from ioc_api.access.guard import By, Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.routes.import_shapes import (
    ApplyBody,
    CheckBody,
    Columns,
    ColumnShape,
    Encoding,
    ImportPage,
    ImportShape,
    RowPage,
    import_shape,
    row_shape,
)
from ioc_api.web.middleware import Upload
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["imports"])

UPLOADS = (Upload("POST", r"/api/v1/imports", 32 * 2**20),)
_SHEET_ROWS = 1000

Format = Literal["csv", "xlsx"]
Language = Literal["vi", "en"]
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {
            kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for kind in FORMATS.values()
        },
    }
}
_UPLOADING = permission(Action.CAMERA_MANAGE)
_UPLOADING["openapi_extra"]["requestBody"] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@router.get("/api/v1/imports/columns", **permission(Action.CAMERA_MANAGE))
async def import_columns() -> Columns:
    """List what columns a file may have."""
    return Columns(
        items=[ColumnShape(field=c.field, vi=c.vi, en=c.en, required=c.required) for c in COLUMNS]
    )


@router.get(
    "/api/v1/imports/template",
    response_class=Response,
    responses=_FILE,
    **permission(Action.CAMERA_MANAGE),
)
async def import_template(format: Format = "xlsx", language: Language = "vi") -> Response:  # noqa: A002
    """Return an empty file with the headings and one example."""
    data = await asyncio.to_thread(template, format, language)
    return _download(data, format, f"camhub-cameras.{format}")


@router.post("/api/v1/imports", status_code=201, **_UPLOADING)
async def upload_import(
    request: Request,
    deps: Deps,
    by: By,
    name: Annotated[str, Query(max_length=255)] = "",
    encoding: Encoding = "",
) -> ImportShape:
    """Upload a CSV file or a workbook. Nothing is registered yet."""
    with tempfile.NamedTemporaryFile(prefix="camhub-upload-") as file:
        async for part in request.stream():
            await asyncio.to_thread(file.write, part)
        await asyncio.to_thread(file.flush)
        record = await deps.imports.upload(Path(file.name), name, by, encoding)
    return _shape(deps, record)


@router.get("/api/v1/imports", **permission(Action.CAMERA_MANAGE))
async def list_imports(
    deps: Deps, by: By, scope: Granted, limit: Limit = 50, cursor: str | None = None
) -> ImportPage:
    """List imports, the latest first."""
    before = decode_cursor(cursor, str) if cursor else None
    found = await deps.imports.list(_owner(by.id, scope), before, limit + 1)
    page = found[:limit]
    return ImportPage(
        items=[_shape(deps, record) for record in page],
        next_cursor=encode_cursor(page[-1].id) if len(found) > limit else None,
    )


@router.get("/api/v1/imports/{import_id}", **permission(Action.CAMERA_MANAGE))
async def get_import(deps: Deps, by: By, scope: Granted, import_id: str) -> ImportShape:
    """Return an import with its progress."""
    return _shape(deps, await _one(deps, by.id, scope, import_id))


@router.post(
    "/api/v1/imports/{import_id}/check",
    status_code=202,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def check_import(
    deps: Deps, by: By, scope: Granted, import_id: str, body: CheckBody
) -> ImportShape:
    """Begin the dry run: every row is checked, nothing is registered."""
    record = await _one(deps, by.id, scope, import_id)
    mapping = None
    if body.mapping is not None:
        mapping = {int(index): field for index, field in body.mapping.items()}
    await deps.imports.check(record, scope, mapping, body.encoding)
    return _shape(deps, await deps.imports.get(import_id, None))


@router.post(
    "/api/v1/imports/{import_id}/apply",
    status_code=202,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def apply_import(
    deps: Deps, by: By, scope: Granted, import_id: str, body: ApplyBody
) -> ImportShape:
    """Begin to register the good rows."""
    record = await _one(deps, by.id, scope, import_id)
    await deps.imports.apply(record, body.mode, scope, by)
    return _shape(deps, await deps.imports.get(import_id, None))


@router.post(
    "/api/v1/imports/{import_id}/undo",
    status_code=202,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def undo_import(deps: Deps, by: By, scope: Granted, import_id: str) -> ImportShape:
    """Begin to delete the cameras of an import that nobody has changed since."""
    record = await _one(deps, by.id, scope, import_id)
    await deps.imports.undo(record, scope, by)
    return _shape(deps, await deps.imports.get(import_id, None))


@router.post("/api/v1/imports/{import_id}/cancel", **permission(Action.CAMERA_MANAGE))
async def cancel_import(deps: Deps, by: By, scope: Granted, import_id: str) -> ImportShape:
    """Ask what is at work to stop after its present batch."""
    record = await _one(deps, by.id, scope, import_id)
    await deps.imports.cancel(record)
    return _shape(deps, await deps.imports.get(import_id, None))


@router.delete(
    "/api/v1/imports/{import_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(409,)),
)
async def delete_import(deps: Deps, by: By, scope: Granted, import_id: str) -> None:
    """Forget an import and its file. The cameras that it made stay."""
    await deps.imports.delete(await _one(deps, by.id, scope, import_id))


@router.get("/api/v1/imports/{import_id}/rows", **permission(Action.CAMERA_MANAGE))
async def import_rows(
    deps: Deps,
    by: By,
    scope: Granted,
    import_id: str,
    state: Annotated[list[RowState] | None, Query(max_length=5)] = None,
    warned: bool = False,
    limit: Limit = 100,
    cursor: str | None = None,
) -> RowPage:
    """List rows with what is to be said about them."""
    record = await _one(deps, by.id, scope, import_id)
    after = decode_cursor(cursor, int) if cursor else 0
    found = await deps.imports.rows(record, state or (), after, limit + 1, warned=warned)
    page = found[:limit]
    return RowPage(
        items=[row_shape(row) for row in page],
        next_cursor=encode_cursor(page[-1].number) if len(found) > limit else None,
    )


@router.get(
    "/api/v1/imports/{import_id}/errors",
    response_class=Response,
    responses=_FILE,
    **permission(Action.CAMERA_MANAGE),
)
async def import_errors(
    deps: Deps,
    by: By,
    scope: Granted,
    import_id: str,
    format: Format = "xlsx",  # noqa: A002
    language: Language = "vi",
) -> Response:
    """Return the wrong rows as a file that can be mended and uploaded again."""
    record = await _one(deps, by.id, scope, import_id)
    wrong: list[WrongRow] = []
    after = 0
    while True:
        page = await deps.imports.rows(record, [RowState.WRONG], after, _SHEET_ROWS)
        wrong += [WrongRow(row.number, row.cells, row.messages) for row in page]
        if len(page) < _SHEET_ROWS:
            break
        after = page[-1].number
    data = await asyncio.to_thread(
        error_sheet, format, language, record.headings, dict(record.mapping), wrong
    )
    stem = record.file_name.rpartition(".")[0] or "camhub"
    return _download(data, format, f"{stem}-errors.{format}")


async def _one(deps: ApiDeps, user_id: str, scope: Scope, import_id: str) -> Import:
    return await deps.imports.get(import_id, _owner(user_id, scope))


def _owner(user_id: str, scope: Scope) -> str | None:
    """Whoever may manage the whole city's cameras sees everybody's imports."""
    return None if scope.units is None else user_id


def _download(data: bytes, kind: Format, name: str) -> Response:
    disposition = f"attachment; filename=\"{_ascii(name)}\"; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=FORMATS[kind], headers={"Content-Disposition": disposition})


def _ascii(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in name)


def _shape(deps: ApiDeps, record: Import) -> ImportShape:
    return import_shape(record, deps.now_us())
