"""``/api/v1/cameras/{id}/counts``: what the rules of a camera have counted."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from analytics.rulebook.schedule import time_zone
from analytics.series import roll_up
from camera_registry.base.clock import iso_to_us, us_to_iso
from camera_registry.base.errors import InvalidError
from ioc_api.access.guard import Granted, permission
from ioc_api.access.rbac import Action
from ioc_api.routes.deps import Deps

router = APIRouter(tags=["counts"])

Step = Literal["minute", "hour", "day"]

_LONGEST_US = {"minute": 86_400 * 10**6, "hour": 14 * 86_400 * 10**6, "day": 62 * 86_400 * 10**6}
_MOST = 200_000
"""Rows that one answer is made of."""


class CountShape(BaseModel):
    """One value of a series: ``at`` (RFC 3339) is its beginning, ``seconds`` its length.

    ``how`` says what made one value of several: sum, max or mean.
    """

    at: str
    seconds: int
    rule: str
    rule_version: int
    zone: str
    kind: str
    measure: str
    how: str
    direction: str
    label: str
    value: float


class CountList(BaseModel):
    """Values by time, then by rule."""

    items: list[CountShape]


@router.get("/api/v1/cameras/{camera_id}/counts", **permission(Action.EVENT_VIEW))
async def list_counts(
    deps: Deps,
    scope: Granted,
    camera_id: str,
    since: Annotated[str, Query(description="RFC 3339 with a zone")] = "",
    until: Annotated[str, Query(description="RFC 3339 with a zone; exclusive")] = "",
    step: Step = "hour",
    rule: Annotated[str, Query(max_length=64)] = "",
) -> CountList:
    """List what was counted, by the minute or by the hours and days of the city.

    Without ``until`` up to now, without ``since`` as far back as a step allows: a day of minutes,
    two weeks of hours, two months of days.
    """
    await deps.registry.get(camera_id, scope)
    end = _instant("until", until) if until else deps.now_us()
    begin = _instant("since", since) if since else end - _LONGEST_US[step]
    if not 0 < end - begin <= _LONGEST_US[step]:
        raise InvalidError(
            "since, until: the time between them is too long, or negative",
            hint=f"at most {_LONGEST_US[step] // 86_400_000_000} days by the {step}",
            code="validation",
        )
    records = await deps.counts.list(camera_id, begin, end, rule, _MOST + 1)
    if len(records) > _MOST:
        raise InvalidError(
            "since, until: there are too many counts between them",
            hint="name a rule or a shorter time",
            code="validation",
        )
    records = roll_up(records, step, time_zone(deps.config.time_zone))
    return CountList(
        items=[
            CountShape(
                at=us_to_iso(record.start_us),
                seconds=record.seconds,
                rule=record.rule,
                rule_version=record.rule_version,
                zone=record.zone,
                kind=record.kind,
                measure=record.measure,
                how=record.how,
                direction=record.direction,
                label=record.label,
                value=record.value,
            )
            for record in records
        ]
    )


def _instant(field: str, text: str) -> int:
    try:
        return iso_to_us(text)
    except (ValueError, OverflowError):
        raise InvalidError(
            f"{field}: is no instant with a time zone",
            hint="write for example 2026-01-31T08:00:00+07:00",
            code="validation",
        ) from None
