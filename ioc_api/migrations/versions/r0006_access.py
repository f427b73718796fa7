"""Groups in grants, second steps, sessions by device, identities, and the log of who came in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables from revision 0005 to this one. Everybody has to sign in again."""
    op.add_column("grants", sa.Column("groups", sa.Text(), nullable=False, server_default="*"))
    for name in ("disabled_us", "signed_in_us", "totp_step"):
        op.add_column("accounts", _number(name))
    for name in ("totp_sealed", "totp_pending"):
        op.add_column("accounts", sa.Column(name, sa.LargeBinary(), nullable=True))
    op.add_column("api_tokens", _number("used_us"))
    op.drop_index("ix_sessions_account_id", "sessions")
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=256), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        _account("fk_sessions_account_id"),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
        sa.UniqueConstraint("id", name="uq_sessions_id"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"], unique=False)
    _new_tables()


def _new_tables() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        _account("fk_recovery_codes_account_id"),
        sa.PrimaryKeyConstraint("account_id", "hash", name="pk_recovery_codes"),
    )
    op.create_table(
        "identities",
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        _account("fk_identities_account_id"),
        sa.PrimaryKeyConstraint("provider", "subject", name="pk_identities"),
    )
    op.create_index("ix_identities_account_id", "identities", ["account_id"], unique=False)
    op.create_table(
        "login_attempts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_attempts"),
    )
    op.create_index("ix_login_attempts_last_us", "login_attempts", ["last_us"], unique=False)
    op.create_table(
        "access_log",
        sa.Column("seq", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_access_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_log_account_id_seq", "access_log", ["account_id", "seq"])
    op.create_index("ix_access_log_at_us", "access_log", ["at_us"])


def downgrade() -> None:
    """Go back to revision 0005. Grants within groups go, for they would grow to whole units."""
    for table in ("access_log", "login_attempts", "identities", "recovery_codes", "sessions"):
        op.drop_table(table)
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        _account("fk_sessions_account_id"),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"], unique=False)
    op.drop_column("api_tokens", "used_us")
    op.execute("delete from accounts where disabled_us > 0")
    for name in ("totp_pending", "totp_sealed", "totp_step", "signed_in_us", "disabled_us"):
        op.drop_column("accounts", name)
    op.execute("delete from grants where groups <> '*'")
    op.drop_column("grants", "groups")


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def _account(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=name, ondelete="CASCADE")
