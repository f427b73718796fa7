"""That no two cameras get one address of their main stream, whoever registers them at once.

The check and the write are one transaction. SQLite has one writer at a time; PostgreSQL would let
two transactions not see each other's cameras, so they wait for each other at an advisory lock. A
unique index would do neither: a city may have registered an address twice before it was refused,
and has to be able to mend these cameras.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from camera_registry.adapters.camera_tables import cameras
from camera_registry.records import UrlTakenError
from camera_registry.stored import StoredCamera
from camera_registry.url_form import stream_key, stream_variants

_LOCK_KEY = 0x75726C73
"""Key of the advisory lock ("urls")."""
_AT_ONCE = 250


async def require_free(connection: AsyncConnection, wanted: Sequence[StoredCamera]) -> None:
    """Hold the addresses of cameras until the transaction ends.

    To be called before the transaction locks anything else, or two may wait for each other. Raises
    UrlTakenError where other cameras have some of them, or two of these one.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
    mine = {each.camera.id for each in wanted}
    owner: dict[str, str] = {}
    taken: dict[str, str] = {}
    for each in wanted:
        first = owner.setdefault(stream_key(each.camera.url), each.camera.id)
        if first != each.camera.id:
            taken[each.camera.id] = first
    urls = [variant for each in wanted for variant in stream_variants(each.camera.url)]
    for start in range(0, len(urls), _AT_ONCE):
        part = urls[start : start + _AT_ONCE]
        query = sa.select(cameras.c.id, cameras.c.url).where(cameras.c.url.in_(part))
        for camera_id, url in await connection.execute(query):
            if camera_id not in mine:
                taken[owner[stream_key(url)]] = camera_id
    if taken:
        raise UrlTakenError(taken)
