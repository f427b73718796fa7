"""``/api/v1/credentials``: log-ins that cameras share; a password goes in and never out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response
from msgspec import UNSET
from pydantic import BaseModel, Field, SecretStr

from camera_registry.base.clock import us_to_iso
from camera_registry.base.errors import InvalidError
from camera_registry.model import Credentials
from camera_registry.scope import EVERYWHERE
from camera_registry.shared import NewShared, SharedChange, SharedCredential
from ioc_api.access.guard import By, Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.deps import Deps
from ioc_api.web.etags import MAX_HEADER, etag, required_version
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Body, Limit

router = APIRouter(tags=["shared log-ins"])

IfMatch = Annotated[str, Header(max_length=MAX_HEADER)]
Username = Annotated[str, Field(min_length=1, max_length=256)]
Password = Annotated[SecretStr, Field(max_length=256)]


class CredentialBody(Body):
    """A shared log-in to make, for a unit or the whole city (``"*"``), or a camera group there."""

    name: str
    unit_code: str = EVERYWHERE
    group_id: Annotated[str, Field(max_length=36)] = ""
    username: Username
    password: Password

    def new(self) -> NewShared:
        """Return the value behind it."""
        credentials = Credentials(self.username, self.password.get_secret_value())
        return NewShared(self.name, credentials, self.unit_code, self.group_id)


class CredentialPatch(Body):
    """Changes to a shared log-in, and with its password to all its cameras.

    A new user name needs the password with it. With ``version`` the change is refused (412) where
    somebody else has changed it since.
    """

    name: str | None = None
    username: Username | None = None
    password: Password | None = None
    version: int | None = None


class CredentialShape(BaseModel):
    """A shared log-in without its password. ``weak``: it is well known or easily guessed.

    ``cameras`` counts those that use it: ``GET /api/v1/cameras?credential=…``.
    """

    id: str
    name: str
    unit_code: str
    group_id: str
    username: str
    weak: bool
    cameras: int
    version: int
    created_at: str
    updated_at: str


class CredentialPage(BaseModel):
    """Shared log-ins by name."""

    items: list[CredentialShape]
    next_cursor: str | None


@router.get("/api/v1/credentials", **permission(Action.CAMERA_MANAGE))
async def list_credentials(
    deps: Deps, scope: Granted, limit: Limit = 100, cursor: str = ""
) -> CredentialPage:
    """List the shared log-ins of where the caller manages all cameras."""
    after = decode_cursor(cursor, tuple[str, str]) if cursor else None
    found = await deps.credentials.list(scope, after, limit + 1)
    page = found[:limit]
    more = len(found) > limit
    return CredentialPage(
        items=[_shape(each) for each in page],
        next_cursor=encode_cursor((page[-1].name, page[-1].id)) if more else None,
    )


@router.post(
    "/api/v1/credentials", status_code=201, **permission(Action.CAMERA_MANAGE, also=(409,))
)
async def add_credential(
    deps: Deps, by: By, scope: Granted, body: CredentialBody, response: Response
) -> CredentialShape:
    """Make a shared log-in."""
    made = await deps.credentials.create(body.new(), scope, by=by)
    response.headers["Location"] = f"/api/v1/credentials/{made.id}"
    response.headers["ETag"] = etag(made.version)
    return _shape(made)


@router.get("/api/v1/credentials/{credential_id}", **permission(Action.CAMERA_MANAGE))
async def get_credential(
    deps: Deps, scope: Granted, credential_id: str, response: Response
) -> CredentialShape:
    """Show a shared log-in without its password."""
    found = await deps.credentials.get(credential_id, scope)
    response.headers["ETag"] = etag(found.version)
    return _shape(found)


@router.patch(
    "/api/v1/credentials/{credential_id}", **permission(Action.CAMERA_MANAGE, also=(409, 412))
)
async def change_credential(
    deps: Deps,
    by: By,
    scope: Granted,
    credential_id: str,
    body: CredentialPatch,
    response: Response,
    if_match: IfMatch = "",
) -> CredentialShape:
    """Change a shared log-in; its cameras are given the new password, and only they start anew."""
    version = required_version(if_match)
    found = await deps.credentials.get(credential_id, scope)
    change = _change(body, found, body.version if version is None else version)
    changed = await deps.credentials.update(credential_id, change, scope, by=by)
    response.headers["ETag"] = etag(changed.version)
    return _shape(changed)


@router.delete(
    "/api/v1/credentials/{credential_id}",
    status_code=204,
    **permission(Action.CAMERA_MANAGE, also=(409, 412)),
)
async def remove_credential(
    deps: Deps, by: By, scope: Granted, credential_id: str, if_match: IfMatch = ""
) -> None:
    """Remove a shared log-in that no camera uses."""
    await deps.credentials.remove(credential_id, scope, by=by, version=required_version(if_match))


def _change(body: CredentialPatch, found: SharedCredential, version: int | None) -> SharedChange:
    for name in sorted(body.model_fields_set - {"version"}):
        if getattr(body, name) is None:
            raise InvalidError(f"{name}: must not be null", code="null")
    credentials: Credentials | None = None
    if body.password is not None:
        credentials = Credentials(body.username or found.username, body.password.get_secret_value())
    elif body.username is not None and body.username != found.username:
        raise InvalidError("password: is needed with another user name", code="credentials")
    return SharedChange(
        name=UNSET if body.name is None else body.name,
        credentials=UNSET if credentials is None else credentials,
        version=found.version if version is None else version,
    )


def _shape(shared: SharedCredential) -> CredentialShape:
    return CredentialShape(
        id=shared.id,
        name=shared.name,
        unit_code=shared.unit_code,
        group_id=shared.group_id,
        username=shared.username,
        weak=shared.weak,
        cameras=shared.cameras,
        version=shared.version,
        created_at=us_to_iso(shared.created_us),
        updated_at=us_to_iso(shared.updated_us),
    )
