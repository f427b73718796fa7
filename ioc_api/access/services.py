"""What the routes of access are made of, beside accounts, tokens and sessions."""

from __future__ import annotations

from dataclasses import dataclass

from ioc_api.access.brake import Brake
from ioc_api.access.log import AccessLog
from ioc_api.access.login import Login
from ioc_api.access.oidc import Oidc
from ioc_api.access.second_step import SecondStep


@dataclass(frozen=True, slots=True)
class Access:
    """Signing in here and at providers, second steps, the brake on guessing, the log of it all."""

    login: Login
    second: SecondStep
    brake: Brake
    log: AccessLog
    oidc: Oidc
