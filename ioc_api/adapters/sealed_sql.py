"""Every sealed value in the database: under which key it is, and sealing it again.

A new column with sealed values is entered in ``PLACES``; a test looks for columns that are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from camera_registry.adapters.camera_tables import cameras, shared_credentials
from camera_registry.adapters.database import Database
from camera_registry.adapters.import_tables import import_rows, imports
from camera_registry.adapters.password_tables import password_rows
from camera_registry.passwords.model import PENDING
from camera_registry.vault import CREDENTIALS, HEAD_BYTES
from ioc_api.access.purposes import ID_TOKEN, TOTP
from ioc_api.adapters.access_tables import accounts, sessions
from ioc_api.vault_rotation import Sealed


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed values, bound to the value of ``bound_to`` and to ``purpose``."""

    name: str
    column: sa.Column[Any]
    bound_to: sa.Column[Any]
    purpose: str


PLACES = (
    Place("cameras", cameras.c.sealed, cameras.c.id, CREDENTIALS),
    Place("shared log-ins", shared_credentials.c.sealed, shared_credentials.c.id, CREDENTIALS),
    Place("new passwords", password_rows.c.sealed, password_rows.c.camera_id, PENDING),
    Place("rows of imports", import_rows.c.sealed, import_rows.c.camera_id, CREDENTIALS),
    Place("second steps", accounts.c.totp_sealed, accounts.c.id, TOTP),
    Place("second steps begun", accounts.c.totp_pending, accounts.c.id, TOTP),
    Place("sign-ins by OpenID", sessions.c.sealed, sessions.c.account_id, ID_TOKEN),
)


_BY_NAME = {place.name: place for place in PLACES}


class SqlSealedValues:
    """Reads and replaces sealed values without a look at what they hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def places(self) -> Mapping[str, str]:
        """The name of each place, and what its values are sealed for."""
        return {place.name: place.purpose for place in PLACES}

    async def counts(self, place: str) -> dict[bytes, int]:
        """Count the values of a place by their first bytes, which say the key."""
        found_at = _BY_NAME[place]
        head = _head(found_at).label("head")
        query = sa.select(head, sa.func.count()).where(_present(found_at)).group_by(head)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return {bytes(each): number for each, number in found}

    async def under_others(
        self, place: str, head: bytes, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Sealed]:
        """Return up to ``limit`` values that do not begin with ``head``, by the key of the row."""
        found_at = _BY_NAME[place]
        keys = _keys(found_at)
        bound, value = found_at.bound_to.label("bound"), found_at.column.label("value")
        query = sa.select(*keys, bound, value)
        query = (
            query.where(_present(found_at), _head(found_at) != head).order_by(*keys).limit(limit)
        )
        if after is not None:
            query = query.where(sa.tuple_(*keys) > sa.tuple_(*(sa.literal(each) for each in after)))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        width = len(keys)
        return [Sealed(tuple(row[:width]), row.bound, bytes(row.value)) for row in rows]

    async def replace(self, place: str, values: Sequence[tuple[Sealed, bytes]]) -> int:
        """Write new bytes where the old ones still stand; return for how many rows that was so."""
        found_at = _BY_NAME[place]
        same = [column == sa.bindparam(f"k{index}") for index, column in enumerate(_keys(found_at))]
        change = (
            sa.update(found_at.column.table)
            .where(*same, found_at.column == sa.bindparam("old"))
            .values({found_at.column: sa.bindparam("new")})
        )
        written = 0
        async with self._database.write() as connection:
            for old, new in values:
                row = {f"k{index}": each for index, each in enumerate(old.row)}
                done = await connection.execute(change, {**row, "old": old.value, "new": new})
                written += done.rowcount
        return written

    async def import_ids(self, after: str, limit: int) -> Sequence[str]:
        """Return up to ``limit`` ids of imports; some have a sealed file among the blobs."""
        c = imports.c
        query = sa.select(c.id).where(c.id > after).order_by(c.id).limit(limit)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalars().all()

    async def import_exists(self, import_id: str) -> bool:
        """Say whether an import is still there."""
        query = sa.select(imports.c.id).where(imports.c.id == import_id)
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None


def _keys(place: Place) -> list[sa.Column[Any]]:
    return list(place.column.table.primary_key.columns)


def _present(place: Place) -> sa.ColumnElement[bool]:
    return sa.and_(place.column.is_not(None), sa.func.length(place.column) > 0)


def _head(place: Place) -> sa.ColumnElement[bytes]:
    return sa.func.substr(place.column, 1, HEAD_BYTES, type_=sa.LargeBinary)
