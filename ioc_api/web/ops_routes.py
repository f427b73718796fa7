"""Metrics and health for a role whose own application has none (the gateway)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ioc_api.access.guard import PUBLIC, permission
from ioc_api.web.ops_http import readiness_body


def add_ops_routes(app: FastAPI, readiness: Callable[[], dict[str, bool]]) -> None:
    """Add ``/metrics``, ``/healthz`` and ``/readyz``."""

    @app.get("/metrics", response_class=Response, **permission(PUBLIC))
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/healthz", response_class=Response, **permission(PUBLIC))
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")

    @app.get("/readyz", response_class=Response, **permission(PUBLIC))
    async def readyz() -> Response:
        status, body = readiness_body(readiness())
        return Response(body, status_code=status, media_type="text/plain")
