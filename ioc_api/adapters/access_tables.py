"""The tables of accounts and of what proves identity."""

from __future__ import annotations

import sqlalchemy as sa

from camera_registry.adapters.database import BigId, metadata

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("username", sa.String(64), nullable=False, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("disabled_us", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("signed_in_us", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("totp_step", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("totp_sealed", sa.LargeBinary, nullable=True),
    sa.Column("totp_pending", sa.LargeBinary, nullable=True),
)


def _account() -> sa.Column[str]:
    return sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    )


identities = sa.Table(
    "identities",
    metadata,
    sa.Column("provider", sa.String(32), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    _account(),
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column(
        "account_id",
        sa.String(36),
        sa.ForeignKey("accounts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("hash", sa.String(64), primary_key=True),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger, nullable=False),
    sa.Column("revoked_us", sa.BigInteger, nullable=False),
    sa.Column("used_us", sa.BigInteger, nullable=False, server_default="0"),
)

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("seq", BigId, primary_key=True, autoincrement=True),
    sa.Column(
        "account_id", sa.String(36), sa.ForeignKey("accounts.id", ondelete="CASCADE"), index=True
    ),
    sa.Column(
        "token_id", sa.String(36), sa.ForeignKey("api_tokens.id", ondelete="CASCADE"), index=True
    ),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("unit_code", sa.String(8), nullable=False),
    sa.Column("groups", sa.Text, nullable=False, server_default="*"),
)
"""One row per unit of a grant; ``groups`` holds the ids of groups with spaces between, or "*"."""

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    _account(),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("seen_us", sa.BigInteger, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(256), nullable=False),
    sa.Column("provider", sa.String(32), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=True),
)

setup_links = sa.Table(
    "setup_links",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("used_us", sa.BigInteger, nullable=False),
)

login_attempts = sa.Table(
    "login_attempts",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("last_us", sa.BigInteger, nullable=False, index=True),
)

access_log = sa.Table(
    "access_log",
    metadata,
    sa.Column("seq", BigId, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("what", sa.String(32), nullable=False),
    sa.Column("account_id", sa.String(36), nullable=False),
    sa.Column("username", sa.String(64), nullable=False),
    sa.Column("by_id", sa.String(36), nullable=False),
    sa.Column("by_name", sa.String(128), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(256), nullable=False),
    sqlite_autoincrement=True,
)
sa.Index("ix_access_log_account_id_seq", access_log.c.account_id, access_log.c.seq)
