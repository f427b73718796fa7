"""Cameras in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from camera_registry.adapters.database import Database, metadata
from camera_registry.base.errors import ConflictError
from camera_registry.model import Camera, Position
from camera_registry.records import CameraFilter, StoredCamera
from camera_registry.scope import Scope

cameras = sa.Table(
    "cameras",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("unit_code", sa.String(8), nullable=False, index=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("lon", sa.Float),
    sa.Column("lat", sa.Float),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("transport", sa.String(8), nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
    sa.Column("rules", sa.Text, nullable=False, server_default=""),
    sa.Column("rules_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("gate", sa.String(8), nullable=False, server_default="auto"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
)
sa.Index("ix_cameras_name_id", cameras.c.name, cameras.c.id)

camera_tags = sa.Table(
    "camera_tags",
    metadata,
    sa.Column(
        "camera_id",
        sa.String(36),
        sa.ForeignKey("cameras.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("tag", sa.Text, primary_key=True),
)


def in_scope(column: sa.ColumnElement[str], scope: Scope) -> sa.ColumnElement[bool]:
    """Return the condition that a row's unit lies in the scope."""
    return sa.true() if scope.units is None else column.in_(sorted(scope.units))


class SqlCameraStore:
    """The registry's ``CameraStore`` on SQLAlchemy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, stored: StoredCamera) -> None:
        """Store a new camera."""
        async with self._database.write() as connection:
            try:
                await connection.execute(cameras.insert().values(_row(stored)))
            except IntegrityError:
                raise ConflictError(f"There is a camera {stored.camera.id} already") from None
            await _write_tags(connection, stored.camera)

    async def get(self, camera_id: str, scope: Scope) -> StoredCamera | None:
        """Return a camera in scope, or None."""
        query = sa.select(cameras).where(
            cameras.c.id == camera_id, in_scope(cameras.c.unit_code, scope)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else _stored(row)

    async def list(
        self, scope: Scope, wanted: CameraFilter, after: tuple[str, str] | None, limit: int
    ) -> Sequence[Camera]:
        """Return up to ``limit`` cameras by name and id, beginning behind ``after``."""
        query = sa.select(cameras).where(in_scope(cameras.c.unit_code, scope))
        if wanted.unit_code:
            query = query.where(cameras.c.unit_code == wanted.unit_code)
        if wanted.enabled is not None:
            query = query.where(cameras.c.enabled == wanted.enabled)
        if wanted.text:
            query = query.where(cameras.c.name.icontains(wanted.text, autoescape=True))
        if wanted.tag:
            tagged = sa.select(camera_tags.c.camera_id).where(camera_tags.c.tag == wanted.tag)
            query = query.where(cameras.c.id.in_(tagged))
        if after is not None:
            query = query.where(
                sa.tuple_(cameras.c.name, cameras.c.id)
                > sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
            )
        query = query.order_by(cameras.c.name, cameras.c.id).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_stored(row).camera for row in rows]

    async def replace(self, stored: StoredCamera, expected_version: int) -> bool:
        """Write a changed camera if it still has ``expected_version``; say whether it had."""
        values = _row(stored)
        change = (
            cameras.update()
            .where(cameras.c.id == values.pop("id"), cameras.c.version == expected_version)
            .values(values)
        )
        async with self._database.write() as connection:
            if (await connection.execute(change)).rowcount == 0:
                return False
            await connection.execute(
                camera_tags.delete().where(camera_tags.c.camera_id == stored.camera.id)
            )
            await _write_tags(connection, stored.camera)
        return True

    async def delete(self, camera_id: str, scope: Scope) -> bool:
        """Delete a camera in scope; say whether there was one."""
        query = cameras.delete().where(
            cameras.c.id == camera_id, in_scope(cameras.c.unit_code, scope)
        )
        async with self._database.write() as connection:
            return (await connection.execute(query)).rowcount > 0

    async def enabled(self) -> Sequence[StoredCamera]:
        """Return every enabled camera."""
        async with self._database.read() as connection:
            query = sa.select(cameras).where(cameras.c.enabled)
            return [_stored(row) for row in (await connection.execute(query)).mappings()]


async def _write_tags(connection: Any, camera: Camera) -> None:
    if camera.tags:
        rows = [{"camera_id": camera.id, "tag": tag} for tag in camera.tags]
        await connection.execute(camera_tags.insert(), rows)


def _row(stored: StoredCamera) -> dict[str, Any]:
    camera = stored.camera
    return {
        "id": camera.id,
        "name": camera.name,
        "unit_code": camera.unit_code,
        "url": camera.url,
        "lon": None if camera.position is None else camera.position.lon,
        "lat": None if camera.position is None else camera.position.lat,
        "enabled": camera.enabled,
        "transport": camera.transport,
        "tags": list(camera.tags),
        "sealed": stored.sealed,
        "version": camera.version,
        "created_us": camera.created_us,
        "updated_us": camera.updated_us,
        "rules": stored.rules,
        "rules_version": stored.rules_version,
        "gate": camera.gate,
        "priority": camera.priority,
    }


def _stored(row: sa.RowMapping) -> StoredCamera:
    position = None if row["lon"] is None else Position(row["lon"], row["lat"])
    camera = Camera(
        id=row["id"],
        name=row["name"],
        unit_code=row["unit_code"],
        url=row["url"],
        position=position,
        enabled=row["enabled"],
        transport=row["transport"],
        tags=tuple(row["tags"]),
        has_credentials=bool(row["sealed"]),
        version=row["version"],
        created_us=row["created_us"],
        updated_us=row["updated_us"],
        gate=row["gate"],
        priority=row["priority"],
    )
    return StoredCamera(camera, row["sealed"], row["rules"], row["rules_version"])
