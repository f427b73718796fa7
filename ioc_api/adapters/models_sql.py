"""The models of an installation in the database. Their files are blobs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from analytics.model.manifest import Manifest
from camera_registry.adapters.camera_tables import cameras
from camera_registry.adapters.database import Database, metadata
from ioc_api.models.records import StoredModel

models = sa.Table(
    "models",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("manifest", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("provider", sa.String(64), nullable=False),
    sa.Column("installed_us", sa.BigInteger, nullable=False),
)

model_pins = sa.Table(
    "model_pins",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
)

model_default = sa.Table(
    "model_default",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(64), nullable=False),
)
_ONLY = 1


class SqlModelStore:
    """``ModelStore`` of ``ioc_api.models.records``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[StoredModel]:
        """Return every model by name."""
        async with self._database.read() as connection:
            rows = await connection.execute(sa.select(models).order_by(models.c.name))
            return [_stored(row) for row in rows.mappings()]

    async def get(self, name: str) -> StoredModel | None:
        """Return a model, or None."""
        query = sa.select(models).where(models.c.name == name)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else _stored(row)

    async def put(self, model: StoredModel, *, replace: bool) -> bool:
        """Write a model; False where its name is taken and not to be replaced."""
        row = {
            "name": model.name,
            "manifest": msgspec.json.encode(model.manifest).decode(),
            "sha256": model.manifest.sha256,
            "size": model.size,
            "origin": model.origin,
            "seconds": model.seconds,
            "provider": model.provider,
            "installed_us": model.installed_us,
        }
        write = self._database.insert(models).values(row)
        if replace:
            write = write.on_conflict_do_update(index_elements=["name"], set_=row)
        else:
            write = write.on_conflict_do_nothing(index_elements=["name"])
        async with self._database.write() as connection:
            return bool((await connection.execute(write)).rowcount)

    async def delete(self, name: str) -> bool:
        """Remove a model that no camera names and that is not the default."""
        named = sa.exists().where(cameras.c.detector == name)
        chosen = sa.exists().where(model_default.c.name == name)
        remove = models.delete().where(models.c.name == name, ~named, ~chosen)
        async with self._database.write(alone=True) as connection:
            return bool((await connection.execute(remove)).rowcount)

    async def used_by(self) -> dict[str, int]:
        """Return how many cameras name each model."""
        column = cameras.c.detector
        query = sa.select(column, sa.func.count()).where(column != "").group_by(column)
        async with self._database.read() as connection:
            return {str(name): int(count) for name, count in await connection.execute(query)}

    async def pinned(self, name: str) -> str:
        """Return the sha256 of the first installation, or ''."""
        query = sa.select(model_pins.c.sha256).where(model_pins.c.name == name)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none() or ""

    async def pin(self, name: str, sha256: str) -> None:
        """Remember a sha256; the first one stays."""
        write = self._database.insert(model_pins).values(name=name, sha256=sha256)
        async with self._database.write() as connection:
            await connection.execute(write.on_conflict_do_nothing(index_elements=["name"]))

    async def default(self) -> str:
        """Return the chosen default, or ''."""
        async with self._database.read() as connection:
            found = await connection.execute(sa.select(model_default.c.name))
            return found.scalar_one_or_none() or ""

    async def set_default(self, name: str) -> None:
        """Choose the default; '' takes the choice back."""
        row = {"id": _ONLY, "name": name}
        write = self._database.insert(model_default).values(row)
        async with self._database.write(alone=True) as connection:
            await connection.execute(
                write.on_conflict_do_update(index_elements=["id"], set_=row)
                if name
                else model_default.delete()
            )


def _stored(row: sa.RowMapping) -> StoredModel:
    return StoredModel(
        manifest=msgspec.json.decode(row["manifest"], type=Manifest),
        size=row["size"],
        origin=row["origin"],
        seconds=row["seconds"],
        provider=row["provider"],
        installed_us=row["installed_us"],
    )
