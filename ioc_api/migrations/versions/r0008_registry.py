"""The full registry: what a camera is made of, its code, groups, versions; polygons of units."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Bring the tables from revision 0007 to this one; every camera gets a code."""
    for column in _columns():
        op.add_column("cameras", column)
    _give_codes()
    op.create_index("ix_cameras_code", "cameras", ["code"], unique=True)
    op.create_index("ix_cameras_serial", "cameras", ["serial"])
    op.drop_index("ix_cameras_name_id", "cameras")
    op.create_index("ix_cameras_name_id", "cameras", ["name", "id", "search"])
    op.create_index("ix_cameras_lon_lat", "cameras", ["lon", "lat", "unit_code", "enabled"])
    _new_tables()


def _columns() -> list[sa.Column[object]]:
    def text(name: str, default: str = "") -> sa.Column[object]:
        return sa.Column(name, sa.Text(), nullable=False, server_default=default)

    return [
        text("detector"),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("camera_class", sa.String(length=16), nullable=False, server_default="other"),
        sa.Column("groups", sa.JSON(), nullable=False, server_default="[]"),
        text("search"),
        text("address"),
        sa.Column("height_m", sa.Float(), nullable=True),
        sa.Column("azimuth_deg", sa.Float(), nullable=True),
        sa.Column("fov_deg", sa.Float(), nullable=True),
        sa.Column("view_m", sa.Float(), nullable=True),
        sa.Column("target_px_m", sa.Float(), nullable=True),
        text("owner"),
        text("purpose"),
        text("make"),
        text("model"),
        text("firmware"),
        text("serial"),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("main", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("sub", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("capabilities", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("privacy_zones", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column(
            "retention_class", sa.String(length=32), nullable=False, server_default="standard"
        ),
        sa.Column("sign_posted", sa.Boolean(), nullable=True),
    ]


def _give_codes() -> None:
    """Number the cameras there are by the first scheme: unit, class OTH, number."""
    cameras = sa.table(
        "cameras", sa.column("id"), sa.column("name"), sa.column("unit_code"), sa.column("code")
    )
    numbers: Counter[str] = Counter()
    connection = op.get_bind()
    rows = connection.execute(
        sa.select(cameras.c.id, cameras.c.unit_code).order_by(cameras.c.id)
    ).all()
    for camera_id, unit in rows:
        numbers[unit] += 1
        code = f"{unit}-OTH-{numbers[unit]:04}"
        connection.execute(cameras.update().where(cameras.c.id == camera_id).values(code=code))


def _new_tables() -> None:
    op.create_table(
        "camera_numbers",
        sa.Column("series", sa.String(length=80), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_camera_numbers"),
    )
    op.create_table(
        "camera_versions",
        sa.Column("camera_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("unit_code", sa.String(length=8), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "version", name="pk_camera_versions"),
    )
    op.create_index("ix_camera_versions_at_us", "camera_versions", ["at_us"])
    op.create_table(
        "camera_groups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.String(length=8), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_camera_groups"),
        sa.UniqueConstraint("name", name="uq_camera_groups_name"),
    )
    op.create_table(
        "camera_group_members",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("camera_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["camera_groups.id"], name="fk_camera_group_members_group_id"
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name="fk_camera_group_members_camera_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "camera_id", name="pk_camera_group_members"),
    )
    op.create_index("ix_camera_group_members_camera_id", "camera_group_members", ["camera_id"])
    op.create_table(
        "unit_polygons",
        sa.Column("unit_code", sa.String(length=8), nullable=False),
        sa.Column("geometry", sa.Text(), nullable=False),
        sa.Column("imported_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("unit_code", name="pk_unit_polygons"),
    )


def downgrade() -> None:
    """Go back to revision 0007: what it does not know is lost."""
    for table in (
        "unit_polygons",
        "camera_group_members",
        "camera_groups",
        "camera_versions",
        "camera_numbers",
    ):
        op.drop_table(table)
    for index in ("ix_cameras_lon_lat", "ix_cameras_name_id", "ix_cameras_serial"):
        op.drop_index(index, "cameras")
    op.drop_index("ix_cameras_code", "cameras")
    op.create_index("ix_cameras_name_id", "cameras", ["name", "id"])
    for column in reversed(_columns()):
        op.drop_column("cameras", column.name)
