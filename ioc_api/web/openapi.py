"""The OpenAPI document: what each route may refuse, said once for all of them.

FastAPI knows a route's parameters, bodies and good answers. What it cannot know are the problems
that the guard, the limits and the services answer with; they follow from what a route is, and are
put in here: 401 and 403 where a permission is needed, 404 below a parameter in the path, 400, 413
and 415 with a body, 422 with any input, 503 everywhere, 507 where something is written. What else a
route refuses it declares itself: ``permission(Action.X, also=(409, 412))``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from starlette.routing import compile_path

from ioc_api.access.auth import SESSION_COOKIE
from ioc_api.access.guard import ALSO, DECLARATION, PUBLIC, SIGNED_IN, permission
from ioc_api.web.problems import MEDIA_TYPE, FieldError, Problem, problem_response

_METHODS = ("get", "put", "post", "delete", "patch", "options", "head")
_UNSAFE = frozenset({"put", "post", "delete", "patch"})
_SCHEMAS = "#/components/schemas/"
_FASTAPI_OWN = ("HTTPValidationError", "ValidationError")
_RETRY = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: _RETRY,
    503: _RETRY,
}
_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token, chb_…"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "A person's session; unsafe requests carry X-CSRF-Token too",
    },
}


def describe(app: FastAPI) -> None:
    """Let ``app.openapi()`` return the finished document, and 405 answers name what is allowed."""
    made: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not made:
            made.update(_finished(_plain(app)))
        return made

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend it
    app.add_exception_handler(405, _no_such_method)


def document_router(path: str) -> APIRouter:
    """Build the route that serves the application's own document at ``path``."""
    router = APIRouter(tags=["system"])

    @router.get(path, summary="The OpenAPI document", **permission(SIGNED_IN))
    async def openapi(request: Request) -> dict[str, Any]:
        app: FastAPI = request.app
        return app.openapi()

    return router


async def _no_such_method(request: Request, error: Exception) -> Response:
    """Answer 405 with every method that the address has, or 404 where there is no such address.

    The router knows only the methods of the first route that it tried, and the wall's files, which
    lie under every address, know nothing of the api.
    """
    path = request.url.path
    allowed = allowed_methods(request.app, path)
    if not allowed and path.startswith(("/api/", "/live/")):
        return problem_response(404, "There is nothing at this address", code="not_found")
    return problem_response(
        405,
        "This address has no such method",
        code="method_not_allowed",
        headers={"Allow": ", ".join(allowed or ["GET", "HEAD"])},
    )


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """Return the methods that the document has for a path, in upper case and sorted.

    A path that stands there word by word is no value of another one's parameter.
    """
    matching = {
        template: methods
        for template, methods in _templates(app)
        if compile_template(template).fullmatch(path)
    }
    if path in matching:
        matching = {path: matching[path]}
    found = {method.upper() for methods in matching.values() for method in methods}
    return sorted(found)


@lru_cache(maxsize=1024)
def compile_template(template: str) -> Any:
    """Return the pattern of a path with parameters."""
    return compile_path(template)[0]


def _templates(app: FastAPI) -> Iterator[tuple[str, list[str]]]:
    for template, item in app.openapi()["paths"].items():
        yield template, [method for method in item if method in _METHODS]


def _plain(app: FastAPI) -> dict[str, Any]:
    return get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
    )


def _finished(document: dict[str, Any]) -> dict[str, Any]:
    for item in document["paths"].values():
        for method, operation in item.items():
            if method in _METHODS:
                _finish(method, operation)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _FASTAPI_OWN:
        schemas.pop(name, None)
    for model in (Problem, FieldError):
        shape = model.model_json_schema(ref_template=_SCHEMAS + "{model}")
        shape.pop("$defs", None)
        schemas[model.__name__] = shape
    components["securitySchemes"] = _SECURITY
    return document


def _finish(method: str, operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    also = operation.pop(ALSO, ())
    wanted = operation.get(DECLARATION, "")
    for status in sorted({*_statuses(method, operation), *also}):
        known = responses.get(str(status), {})
        refs = str(known.get("content", ""))
        ours = status in also or any(name in refs for name in (*_FASTAPI_OWN, "Problem"))
        if known and not ours:
            continue  # the route has an answer of its own shape for this status
        responses[str(status)] = _problem(status)
    if wanted != PUBLIC:
        operation["security"] = [{"token": []}, {"session": []}]
    operation["responses"] = dict(sorted(responses.items()))


def _statuses(method: str, operation: dict[str, Any]) -> set[int]:
    parameters = operation.get("parameters", [])
    body = "requestBody" in operation
    found = {503}
    if operation.get(DECLARATION) != PUBLIC:
        found |= {401, 403}
    if any(each["in"] == "path" for each in parameters):
        found.add(404)
    if parameters or body:
        found.add(422)
    if body:
        found |= {400, 413, 415}
    if method in _UNSAFE:
        found |= {403, 507}
    return found


def _problem(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}},
    }
    if status in _HEADERS:
        answer["headers"] = _HEADERS[status]
    return answer
