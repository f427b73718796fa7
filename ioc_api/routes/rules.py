"""``/api/v1/cameras/{id}/rules``: what a camera is watched for."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel, Field

from analytics.rulebook.book import Rulebook, default_rulebook
from analytics.rulebook.document import decode_rules, encode_rules, json_schema, revised
from camera_registry.base.errors import CamhubError, Kind
from ioc_api.access.guard import SIGNED_IN, By, Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.deps import Deps
from ioc_api.web.shapes import Body

router = APIRouter(tags=["rules"])

Document = dict[str, Any]


class RulesBody(Body):
    """New rules. ``version`` is the one that was read before (0 for a camera without rules of its
    own); without a ``document`` the camera goes back to the default rules.
    """

    version: Annotated[int, Field(ge=0, le=2**31 - 2)]
    document: Document | None


class RulesShape(BaseModel):
    """The rules of a camera; ``default`` says that nobody has written any for it.

    The form of the document is that of analytics/rulebook/rules.schema.json.
    """

    version: int
    default: bool
    document: Document


@router.get("/api/v1/rules/schema", **permission(SIGNED_IN))
async def get_schema() -> Document:
    """Show the JSON Schema of the rule document, from which the wall makes its forms."""
    schema: Document = msgspec.json.decode(json_schema())
    return schema


@router.get("/api/v1/cameras/{camera_id}/rules", **permission(Action.CAMERA_VIEW))
async def get_rules(deps: Deps, scope: Granted, camera_id: str) -> RulesShape:
    """Show the rules of a camera."""
    stored, version = await deps.registry.rules(camera_id, scope)
    return _shape(stored, version)


@router.put("/api/v1/cameras/{camera_id}/rules", **permission(Action.CAMERA_MANAGE, also=(412,)))
async def put_rules(
    deps: Deps, by: By, scope: Granted, camera_id: str, body: RulesBody
) -> RulesShape:
    """Replace the rules of a camera; the versions of changed rules are set by the hub.

    Events carry the version of their rule: it is the version of the document that brought the rule
    its present form.
    """
    stored, version = await deps.registry.rules(camera_id, scope)
    if body.version != version:
        raise CamhubError(
            "Somebody else has changed the rules of this camera meanwhile",
            hint="read them again and repeat your change",
            kind=Kind.STALE,
        )
    document = ""
    if body.document is not None:
        wanted = decode_rules(msgspec.json.encode(body.document))
        before = decode_rules(stored.encode()) if stored else Rulebook(())
        document = encode_rules(revised(before, wanted, version + 1)).decode()
    made = await deps.registry.set_rules(camera_id, document, version, scope, by=by)
    return _shape(document, made)


def _shape(stored: str, version: int) -> RulesShape:
    written = stored.encode() if stored else encode_rules(default_rulebook())
    return RulesShape(version=version, default=not stored, document=msgspec.json.decode(written))
