"""Log-ins that many cameras share, and which one a camera uses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Bring the tables from revision 0013 to this one."""
    op.create_table(
        "shared_credentials",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.String(length=8), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=True),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("weak", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["camera_groups.id"], name="fk_shared_credentials_group_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_shared_credentials"),
        sa.UniqueConstraint("name", name="uq_shared_credentials_name"),
    )
    # As text: SQLite adds a column with its foreign key in no other way.
    op.execute(
        "ALTER TABLE cameras ADD COLUMN credential_id VARCHAR(36) "
        "CONSTRAINT fk_cameras_credential_id REFERENCES shared_credentials (id)"
    )
    op.create_index("ix_cameras_credential_id", "cameras", ["credential_id"])


def downgrade() -> None:
    """Bring the tables back to revision 0013: cameras with a shared log-in are left without one."""
    op.drop_index("ix_cameras_credential_id", "cameras")
    op.drop_column("cameras", "credential_id")
    op.drop_table("shared_credentials")
