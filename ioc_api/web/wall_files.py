"""The built wall as static files, or a page that says how to build it."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ioc_api.access.guard import PUBLIC, permission

_MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>camhub</title>
<h1>The wall is not built</h1>
<p>The api runs, but this installation has no wall. Run <code>make wall</code> and start again.</p>
"""


class _WallFiles(StaticFiles):
    """Files whose names hold their hash may be kept for ever; the page itself is asked for anew."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        hashed = path.startswith("assets/") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if hashed else "no-cache"
        )
        return response


def mount_wall(app: FastAPI, directory: Path | None) -> None:
    """Serve the wall at ``/``; call it after every other route was added."""
    if directory is not None:
        app.mount("/", _WallFiles(directory=directory, html=True), name="wall")
        return

    @app.get("/", include_in_schema=False, response_class=HTMLResponse, **permission(PUBLIC))
    async def missing() -> HTMLResponse:
        return HTMLResponse(_MISSING, status_code=503)
