"""Bulk edits of cameras, line by line; a version says which of them made it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Bring the tables from revision 0015 to this one."""
    op.add_column(
        "camera_versions",
        sa.Column("change_id", sa.String(length=36), nullable=False, server_default=""),
    )
    op.create_table(
        "camera_edits",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_camera_edits"),
    )
    op.create_index("ix_camera_edits_owner_id", "camera_edits", ["owner_id"])
    op.create_table(
        "camera_edit_lines",
        sa.Column("edit_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("camera_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edit_id"],
            ["camera_edits.id"],
            name="fk_camera_edit_lines_edit_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("edit_id", "number", name="pk_camera_edit_lines"),
    )
    op.create_index(
        "ix_camera_edit_lines_state", "camera_edit_lines", ["edit_id", "state", "number"]
    )


def downgrade() -> None:
    """Go back to revision 0015. What was changed stays changed."""
    op.drop_table("camera_edit_lines")
    op.drop_table("camera_edits")
    op.drop_column("camera_versions", "change_id")
