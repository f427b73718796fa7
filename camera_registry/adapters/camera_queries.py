"""Which cameras a query means: conditions for scopes and filters, the same on both engines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from camera_registry.adapters.camera_tables import (
    camera_group_members,
    camera_tags,
    cameras,
    shared_credentials,
)
from camera_registry.records import CameraFilter
from camera_registry.scope import EVERYWHERE, Scope
from camera_registry.search import words

Condition = sa.ColumnElement[bool]

WHOLE = (
    cameras,
    sa.select(shared_credentials.c.sealed)
    .where(shared_credentials.c.id == cameras.c.credential_id)
    .scalar_subquery()
    .label("shared_sealed"),
)
"""A camera with the sealed value of the shared log-in that it names."""


def in_scope(unit: sa.ColumnElement[str], scope: Scope, camera: sa.ColumnElement[str]) -> Condition:
    """Return the condition that a row lies in the scope, by its unit and its camera's groups.

    ``camera`` is the column with the camera's id.
    """
    if scope.units is None:
        return sa.true()
    allowed: list[Condition] = []
    for units, groups in scope.products():
        within = sa.true() if EVERYWHERE in units else unit.in_(sorted(units))
        if groups is None:
            allowed.append(within)
        else:
            allowed.append(sa.and_(within, camera.in_(_members(groups))))
    return sa.or_(sa.false(), *allowed)


def matching(wanted: CameraFilter, dialect: str) -> list[Condition]:
    """Return what a camera must fulfil to be wanted."""
    c = cameras.c
    found: list[Condition] = [_found(word, dialect) for word in words(wanted.text)]
    if wanted.units:
        found.append(c.unit_code.in_(wanted.units))
    if wanted.classes:
        found.append(c.camera_class.in_([each.value for each in wanted.classes]))
    if wanted.enabled is not None:
        found.append(c.enabled == wanted.enabled)
    if wanted.tag:
        tagged = sa.select(camera_tags.c.camera_id).where(camera_tags.c.tag == wanted.tag)
        found.append(c.id.in_(tagged))
    if wanted.group:
        found.append(c.id.in_(_members([wanted.group])))
    if wanted.positioned is not None:
        found.append(c.lon.is_not(None) if wanted.positioned else c.lon.is_(None))
    if wanted.weak is not None:
        found.append(c.weak_credentials.is_(wanted.weak))
    if wanted.credential:
        found.append(c.credential_id == wanted.credential)
    if wanted.box is not None:
        found.append(c.lon.between(wanted.box.west, wanted.box.east))
        found.append(c.lat.between(wanted.box.south, wanted.box.north))
    if wanted.only is not None:
        found.append(c.id.in_(listed(wanted.only, dialect)))
    if wanted.never:
        found.append(c.id.not_in(listed(wanted.never, dialect)))
    return found


def page(
    scope: Scope,
    wanted: CameraFilter,
    after: tuple[str, str] | None,
    limit: int,
    dialect: str,
) -> sa.Select[Any]:
    """Ask for a page of cameras by name and id.

    Words are looked for in the index of the list, which holds what they are looked for in: only
    what is on the page is then read from the table. SQLite does so by itself, PostgreSQL where it
    is asked for the key alone.
    """
    c = cameras.c
    conditions = [in_scope(cameras.c.unit_code, scope, cameras.c.id), *matching(wanted, dialect)]
    if after is not None:
        name, camera_id = sa.literal(after[0]), sa.literal(after[1])
        conditions.append(sa.tuple_(c.name, c.id) > sa.tuple_(name, camera_id))
    query = sa.select(cameras).where(*conditions).order_by(c.name, c.id).limit(limit)
    if not wanted.text or dialect == "sqlite":
        return query
    keys = query.with_only_columns(c.name, c.id).subquery()
    return sa.select(cameras).join(keys, keys.c.id == c.id).order_by(keys.c.name, keys.c.id)


def _found(word: str, dialect: str) -> Condition:
    """Look for a word. PostgreSQL knows from LIKE how rare a word is, and plans by that."""
    if dialect == "sqlite":
        return sa.func.instr(cameras.c.search, word) > 0
    return cameras.c.search.contains(word, autoescape=True)


def _members(groups: Iterable[str]) -> sa.Select[Any]:
    members = camera_group_members.c
    return sa.select(members.camera_id).where(members.group_id.in_(sorted(groups)))


def listed(ids: frozenset[str], dialect: str) -> sa.Select[Any]:
    """Return ids as a table of one column: one parameter, however many thousands there are."""
    text = sa.literal(msgspec.json.encode(sorted(ids)).decode(), sa.Text)
    if dialect == "sqlite":
        return sa.select(sa.func.json_each(text).table_valued("value").c.value)
    each = sa.func.json_array_elements_text(sa.cast(text, sa.JSON)).table_valued("value")
    return sa.select(each.c.value)
