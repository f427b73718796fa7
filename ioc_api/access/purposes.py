"""What the vault seals of accounts: a value opens for its own purpose only."""

from __future__ import annotations

TOTP, ID_TOKEN = "totp", "oidc id token"
