"""``/api/v1/access-log``: who came in, who was refused, who changed whose rights."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from camera_registry.base.clock import us_to_iso
from ioc_api.access.guard import Granted, permission
from ioc_api.access.log import StoredEntry, What
from ioc_api.access.rbac import Action
from ioc_api.routes.deps import Deps
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit

router = APIRouter(tags=["administration"])


class AccessEntry(BaseModel):
    """One line of the log; ``by`` is empty where the person did it."""

    at: str
    what: What
    account_id: str
    username: str
    by: str
    address: str
    agent: str


class AccessLogPage(BaseModel):
    """Entries, the latest first."""

    items: list[AccessEntry]
    next_cursor: str | None


@router.get("/api/v1/access-log", **permission(Action.AUDIT_VIEW))
async def access_log(
    deps: Deps, scope: Granted, limit: Limit = 100, cursor: str = ""
) -> AccessLogPage:
    """List entries, the latest first; within units those of accounts that lie in them."""
    before = decode_cursor(cursor, int) if cursor else None
    only = None
    if scope.units is not None:
        only = [account.id for account in await deps.accounts.list(scope)]
        only += [token.id for token in await deps.tokens.list(scope)]
    found = await deps.access.log.list(only, before, limit + 1)
    page = found[:limit]
    return AccessLogPage(
        items=[_shape(each) for each in page],
        next_cursor=encode_cursor(page[-1].seq) if len(found) > limit else None,
    )


def _shape(stored: StoredEntry) -> AccessEntry:
    entry = stored.entry
    return AccessEntry(
        at=us_to_iso(entry.at_us),
        what=What(entry.what),
        account_id=entry.account_id,
        username=entry.username,
        by=entry.by_name,
        address=entry.address,
        agent=entry.agent,
    )
