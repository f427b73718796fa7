"""The api as one ASGI application. The composition root makes its parts and runs it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from ioc_api.routes import access_log as access_log_routes
from ioc_api.routes import basemap as basemap_routes
from ioc_api.routes import (
    camera_edits,
    camera_groups,
    camera_map,
    camera_versions,
    cameras,
    channels,
    counts,
    discovery,
    events,
    imports,
    jobs,
    models,
    own_account,
    probe,
    ptz,
    public,
    rules,
    sign_in,
    snapshots,
)
from ioc_api.routes import credentials as credential_routes
from ioc_api.routes import dry_runs as dry_run_routes
from ioc_api.routes import health as health_routes
from ioc_api.routes import oidc as oidc_routes
from ioc_api.routes import passwords as password_routes
from ioc_api.routes import quality as quality_routes
from ioc_api.routes import tokens as token_routes
from ioc_api.routes import users as administration
from ioc_api.routes.deps import ApiDeps
from ioc_api.web import problems
from ioc_api.web.languages import Languages
from ioc_api.web.middleware import BodyLimit, ProtectiveHeaders
from ioc_api.web.openapi import describe, document_router
from ioc_api.web.wall_files import mount_wall


def create_app(deps: ApiDeps) -> FastAPI:
    """Return the application over its parts. Starting and stopping them is the caller's work."""
    app = _application()
    app.state.deps = deps
    app.state.authenticator = deps.authenticator
    mount_wall(app, deps.wall)
    app.add_middleware(
        BodyLimit, uploads=(*dry_run_routes.UPLOADS, *imports.UPLOADS, *models.UPLOADS)
    )
    app.add_middleware(ProtectiveHeaders, tiles=deps.basemap.origin)
    app.add_middleware(Languages)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document; needs nothing that runs. The wall's types are made from it."""
    return _application().openapi()


def _application() -> FastAPI:
    app = FastAPI(
        title="camhub",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    describe(app)
    problems.install(app)
    for room in (
        public,
        sign_in,
        cameras,
        camera_versions,
        camera_edits,
        camera_groups,
        credential_routes,
        password_routes,
        camera_map,
        basemap_routes,
        imports,
        health_routes,
        quality_routes,
        jobs,
        probe,
        channels,
        discovery,
        ptz,
        models,
        snapshots,
        rules,
        dry_run_routes,
        counts,
        events,
        administration,
        oidc_routes,
        own_account,
        token_routes,
        access_log_routes,
    ):
        app.include_router(room.router)
    app.include_router(document_router("/api/v1/openapi.json"))
    return app
