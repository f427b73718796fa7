"""The one place where errors become HTTP: problem documents after RFC 9457.

They are made in English and sent in the language that the request asks for: ``detail``, ``hint``
and what is said about fields. ``title`` and ``code`` are the same in all languages.
"""

from __future__ import annotations

import math
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from camera_registry.base.errors import CamhubError, Kind
from camera_registry.language import DEFAULT, say
from ioc_api.web.languages import language_of
from ioc_api.web.validation import field_of, words_of

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


class ProblemResponse(JSONResponse):
    """The answer for a problem; who asks for it is known only when it is sent."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: dict[str, str] | None) -> None:
        super().__init__(problem.model_dump(), problem.status, headers=headers)
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the problem in the language that the request prefers."""
        language = language_of(scope)
        if language != DEFAULT:
            self.body = self.render(_translated(self._problem, language).model_dump())
            self.headers["Content-Length"] = str(len(self.body))
        self.headers["Content-Language"] = language
        self.headers.add_vary_header("Accept-Language")
        await super().__call__(scope, receive, send)


def _translated(problem: Problem, language: str) -> Problem:
    return problem.model_copy(
        update={
            "detail": say(problem.detail, language),
            "hint": say(problem.hint, language),
            "errors": [
                FieldError(field=each.field, message=say(each.message, language))
                for each in problem.errors
            ],
        }
    )


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
    return ProblemResponse(body, headers)


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
        FieldError(field=field_of(item), message=words_of(item)) for item in error.errors()[:20]
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
