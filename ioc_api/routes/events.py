"""``/api/v1/events`` and ``/api/v1/stream``: recorded events over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from pydantic import RootModel

from camera_registry.base.clock import iso_to_us
from camera_registry.base.errors import InvalidError, NotFoundError
from camera_registry.base.ids import is_id
from camera_registry.scope import Scope
from ioc_api.access.guard import Granted, Me, permission
from ioc_api.access.rbac import Action
from ioc_api.events.push import Hello
from ioc_api.events.records import EventFilter, Record
from ioc_api.events.shapes import EventPage, EventShape, event_shape
from ioc_api.events.sse import StreamResponse
from ioc_api.routes.deps import ApiDeps, Deps
from ioc_api.web.paging import decode_cursor, encode_cursor
from ioc_api.web.shapes import Limit, StateChange

router = APIRouter(tags=["events"])

_MAX_SEQ = 2**63 - 1


class StreamData(RootModel[Hello | EventShape | StateChange]):
    """The data of a message of the stream: of ``hello``, of ``event`` and of ``state``."""


@router.get("/api/v1/events", **permission(Action.EVENT_VIEW))
async def list_events(
    deps: Deps,
    scope: Granted,
    camera: str = "",
    unit: str = "",
    kind: str = "",
    since: Annotated[str, Query(description="RFC 3339 with a zone; of capture")] = "",
    until: Annotated[str, Query(description="RFC 3339 with a zone; exclusive")] = "",
    limit: Limit = 100,
    cursor: str = "",
) -> EventPage:
    """List events in the caller's units, the latest recorded first."""
    before = _seq(decode_cursor(cursor, int)) if cursor else None
    wanted = EventFilter(camera, unit, kind, _instant("since", since), _instant("until", until))
    found = await deps.events.list(scope, wanted, before, limit + 1)
    page = found[:limit]
    more = len(found) > limit
    silenced = await deps.maintenance.silenced([record.event for record in page])
    return EventPage(
        items=[event_shape(record, silenced) for record in page],
        next_cursor=encode_cursor(page[-1].seq) if more else None,
    )


@router.get("/api/v1/events/{event_id}", **permission(Action.EVENT_VIEW))
async def get_event(deps: Deps, scope: Granted, event_id: str) -> EventShape:
    """Show one event."""
    record = await _record(deps, scope, event_id)
    return event_shape(record, await deps.maintenance.silenced([record.event]))


@router.get(
    "/api/v1/events/{event_id}/snapshot",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The picture"}},
    **permission(Action.EVENT_VIEW),
)
async def get_snapshot(deps: Deps, scope: Granted, event_id: str) -> Response:
    """Show the picture of an event."""
    record = await _record(deps, scope, event_id)
    if not record.snapshot_key:
        raise NotFoundError("This event has no picture")
    picture = await deps.blobs.get(record.snapshot_key)
    return Response(picture, media_type="image/jpeg")


@router.get(
    "/api/v1/stream",
    response_class=StreamResponse,
    status_code=200,
    responses={200: {"model": StreamData, "description": "Server-sent events"}},
    **permission(Action.EVENT_VIEW, also=(429,)),
)
async def stream(
    deps: Deps, me: Me, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> StreamResponse:
    """Send events and camera states as they come; resumes behind ``Last-Event-ID``."""
    last_seq: int | None = None
    if last_event_id:
        if not (last_event_id.isascii() and last_event_id.isdigit()):
            raise InvalidError("Last-Event-ID: must be the id of an event", code="last_event_id")
        last_seq = _seq(int(last_event_id))
    return StreamResponse(await deps.push.open(me, last_seq))


async def _record(deps: ApiDeps, scope: Scope, event_id: str) -> Record:
    record = await deps.events.get(event_id, scope) if is_id(event_id) else None
    if record is None:
        raise NotFoundError("There is no such event")
    return record


def _seq(value: int) -> int:
    if not 0 <= value <= _MAX_SEQ:
        raise InvalidError("cursor: is out of range", code="cursor")
    return value


def _instant(field: str, text: str) -> int | None:
    if not text:
        return None
    try:
        return iso_to_us(text)
    except (ValueError, OverflowError):
        raise InvalidError(
            f"{field}: is no instant with a time zone",
            hint="write for example 2026-01-31T08:00:00+07:00",
            code=field,
        ) from None
