"""Which registered cameras a device that was found may be, in the database."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from camera_registry.adapters.camera_queries import in_scope
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database
from camera_registry.likeness import LikelyCamera
from camera_registry.scope import Scope

_AT_A_TIME = 40
_MOST = 500
_READ = (
    cameras.c.id,
    cameras.c.name,
    cameras.c.unit_code,
    cameras.c.url,
    cameras.c.serial,
    cameras.c.capabilities,
    cameras.c.code,
)


class SqlLikelyCameras:
    """The port ``LikelyCameras`` on SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def at(
        self, hosts: Sequence[str], serials: Sequence[str], scope: Scope
    ) -> Sequence[LikelyCamera]:
        """Return cameras in scope at one of these hosts, or with one of these serial numbers."""
        found: dict[str, LikelyCamera] = {}
        async with self._database.read() as connection:
            for begin in range(0, max(len(hosts), len(serials), 1), _AT_A_TIME):
                wanted = _wanted(
                    hosts[begin : begin + _AT_A_TIME], serials[begin : begin + _AT_A_TIME]
                )
                c = cameras.c
                query = (
                    sa.select(*_READ)
                    .where(in_scope(c.unit_code, scope, c.id), sa.or_(sa.false(), *wanted))
                    .limit(_MOST)
                )
                for row in await connection.execute(query):
                    can = row.capabilities or {}
                    found[row.id] = LikelyCamera(
                        row.id,
                        row.name,
                        row.unit_code,
                        row.url,
                        row.serial,
                        str(can.get("onvif_url", "")),
                        str(can.get("endpoint_id", "")),
                        row.code or "",
                        str(can.get("source_token", "")),
                    )
        return tuple(found.values())


def _wanted(hosts: Sequence[str], serials: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    c = cameras.c
    heads = [
        f"{scheme}://{host}{sign}"
        for host in hosts
        for scheme in ("rtsp", "rtsps")
        for sign in "/:"
    ]
    found = [c.url.startswith(head, autoescape=True) for head in heads if len(head) < 300]
    known = [serial for serial in serials if serial]
    return [*found, c.serial.in_(known)] if known else found
