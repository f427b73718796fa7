"""What the wall reads before and after signing in: configuration, units, health, metrics."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from ioc_api.access.guard import PUBLIC, SIGNED_IN, permission
from ioc_api.routes.deps import Deps

router = APIRouter(tags=["system"])

STALE_AFTER_S = 5
"""A picture older than this must never look live."""


class ProviderButton(BaseModel):
    """An OpenID provider to sign in at: GET /api/v1/oidc/{id}/start."""

    id: str
    label: str


class ConfigShape(BaseModel):
    """What the wall has to know before anybody signed in."""

    product: str
    version: str
    languages: list[str]
    default_language: str
    time_zone: str
    stale_after_s: int
    providers: list[ProviderButton]


class UnitShape(BaseModel):
    """An administrative unit with its centre."""

    code: str
    name_vi: str
    name_en: str
    kind: str
    lon: float
    lat: float


class UnitList(BaseModel):
    """All units by code."""

    items: list[UnitShape]


class Health(BaseModel):
    """Whether the process lives."""

    status: str


class Readiness(BaseModel):
    """Whether each thing that is needed can be used now."""

    ready: bool
    checks: dict[str, bool]


@router.get("/api/v1/config", **permission(PUBLIC))
async def config(deps: Deps) -> ConfigShape:
    """Return what the wall has to know first."""
    return ConfigShape(
        product="camhub",
        version=deps.config.version,
        languages=["vi", "en"],
        default_language=deps.config.default_language,
        time_zone=deps.config.time_zone,
        stale_after_s=STALE_AFTER_S,
        providers=[
            ProviderButton(id=each.id, label=each.label) for each in deps.access.oidc.providers
        ],
    )


@router.get("/api/v1/units", **permission(SIGNED_IN))
async def units(deps: Deps) -> UnitList:
    """List the administrative units."""
    return UnitList(
        items=[
            UnitShape(
                code=unit.code,
                name_vi=unit.name_vi,
                name_en=unit.name_en,
                kind=unit.kind,
                lon=unit.lon,
                lat=unit.lat,
            )
            for unit in deps.units
        ]
    )


@router.get("/healthz", **permission(PUBLIC))
async def healthz() -> Health:
    """Say that the process lives."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Readiness}}, **permission(PUBLIC))
async def readyz(deps: Deps, response: Response) -> Readiness:
    """Say whether everything that is needed can be used."""
    checks = dict(deps.readiness())
    ready = all(checks.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, checks=checks)


@router.get("/metrics", response_class=Response, **permission(PUBLIC))
async def metrics() -> Response:
    """Return the metrics in Prometheus's text form."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
