"""The tables of cameras, their groups and their versions."""

from __future__ import annotations

import sqlalchemy as sa

from camera_registry.adapters.database import metadata


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


shared_credentials = sa.Table(
    "shared_credentials",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("group_id", sa.String(36), sa.ForeignKey("camera_groups.id")),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("weak", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("updated_us", sa.BigInteger, nullable=False),
)

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
    _text("detector"),
    sa.Column("code", sa.String(40)),
    sa.Column("camera_class", sa.String(16), nullable=False, server_default="other"),
    sa.Column("groups", sa.JSON, nullable=False, server_default="[]"),
    _text("search"),
    _text("address"),
    sa.Column("height_m", sa.Float),
    sa.Column("azimuth_deg", sa.Float),
    sa.Column("fov_deg", sa.Float),
    sa.Column("view_m", sa.Float),
    sa.Column("target_px_m", sa.Float),
    _text("owner"),
    _text("purpose"),
    _text("make"),
    _text("model"),
    _text("firmware"),
    _text("serial"),
    sa.Column("installed_on", sa.Date),
    sa.Column("checked_on", sa.Date),
    sa.Column("main", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("sub", sa.JSON(none_as_null=True)),
    sa.Column("capabilities", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("privacy_zones", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("retention_class", sa.String(32), nullable=False, server_default="standard"),
    sa.Column("sign_posted", sa.Boolean),
    sa.Column("weak_credentials", sa.Boolean),
    sa.Column("credential_id", sa.String(36), sa.ForeignKey("shared_credentials.id"), index=True),
)
# The third column lets a search walk the index alone, in the order of the list.
sa.Index("ix_cameras_name_id", cameras.c.name, cameras.c.id, cameras.c.search)
sa.Index("ix_cameras_code", cameras.c.code, unique=True)
# A URL may be longer than an entry of an ordered index in PostgreSQL.
sa.Index("ix_cameras_url", cameras.c.url, postgresql_using="hash")
sa.Index("ix_cameras_serial", cameras.c.serial)
sa.Index("ix_cameras_lon_lat", cameras.c.lon, cameras.c.lat, cameras.c.unit_code, cameras.c.enabled)

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

camera_numbers = sa.Table(
    "camera_numbers",
    metadata,
    sa.Column("series", sa.String(80), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
"""The last number of each series of codes; see ``camera_registry.naming``."""

camera_versions = sa.Table(
    "camera_versions",
    metadata,
    sa.Column("camera_id", sa.String(36), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("actor_id", sa.String(36), nullable=False),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("changes", sa.Text, nullable=False),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("change_id", sa.String(36), nullable=False, server_default=""),
)
"""No foreign key: the history of a camera outlives it."""

camera_groups = sa.Table(
    "camera_groups",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)

camera_group_members = sa.Table(
    "camera_group_members",
    metadata,
    sa.Column("group_id", sa.String(36), sa.ForeignKey("camera_groups.id"), primary_key=True),
    sa.Column(
        "camera_id",
        sa.String(36),
        sa.ForeignKey("cameras.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)

unit_polygons = sa.Table(
    "unit_polygons",
    metadata,
    sa.Column("unit_code", sa.String(8), primary_key=True),
    sa.Column("geometry", sa.Text, nullable=False),
    sa.Column("imported_us", sa.BigInteger, nullable=False),
)
