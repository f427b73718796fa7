"""The one place where errors become HTTP: problem documents after RFC 9457."""

from __future__ import annotations

import math
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from camera_registry.base.errors import CamhubError, Kind

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one field of the request; its value is never repeated."""

    field: str
    message: str


class Problem(BaseModel):
    """A problem document. ``code`` is a stable word for programs and for translation."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""
    errors: list[FieldError] = Field(default_factory=list)


def problem_response(
    status: int,
    detail: str,
    *,
    code: str,
    hint: str = "",
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Build the answer for a problem."""
    body = Problem(
        type=f"urn:camhub:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        hint=hint,
        errors=errors or [],
    )
    return JSONResponse(body.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def error_response(error: CamhubError) -> Response:
    """Build the answer for one of camhub's errors."""
    headers: dict[str, str] = {}
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is None and error.kind is Kind.UNAVAILABLE:
        retry_after_s = 2
    if retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(retry_after_s))
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="camhub"'
    return problem_response(
        error.kind.http_status, error.message, code=error.code, hint=error.hint, headers=headers
    )


def install(app: FastAPI) -> None:
    """Make every error of the application a problem document."""
    app.add_exception_handler(CamhubError, _camhub)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


async def _camhub(request: Request, error: Exception) -> Response:
    assert isinstance(error, CamhubError)  # noqa: S101 - registered for this type alone
    if error.kind.http_status >= 500:
        log.warning("request_failed", path=request.url.path, code=error.code, reason=error.message)
    return error_response(error)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    sent = request.headers.get("content-type", "").split(";")[0].strip().lower()
    whole_body = any(item["loc"] == ("body",) for item in error.errors())
    if whole_body and sent and not (sent == "application/json" or sent.endswith("+json")):
        return problem_response(
            415, "A body is sent as application/json here", code="unsupported_media_type"
        )
    found = [
        FieldError(
            field=".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0]),
            message=str(item["msg"]),
        )
        for item in error.errors()[:20]
    ]
    first = found[0]
    return problem_response(422, f"{first.field}: {first.message}", code="validation", errors=found)


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    words = {404: "There is nothing at this address"}
    status = HTTPStatus(error.status_code)
    return problem_response(
        status,
        words.get(status, status.phrase),
        code=status.name.lower(),
        headers=dict(error.headers or {}),
    )


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("request_crashed", path=request.url.path, exc_info=error)
    return problem_response(
        500, "Something went wrong inside camhub", code="internal", hint="see the log of the api"
    )
