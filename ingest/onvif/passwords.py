"""Another password for the user that a device is reached with, by GetUsers and SetUser.

Nothing is believed of a device but what it lets in: before and after, GetUsers is asked with each
log-in. No word of the device goes into the report, for it knows the new password.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, InvalidError
from camera_registry.jobs import Task
from camera_registry.model import Credentials
from camera_registry.passwords.model import PENDING, read
from camera_registry.passwords.order import (
    Outcome,
    PasswordOrder,
    PasswordReport,
    decode_order,
    encode,
)
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ingest.onvif import answers
from ingest.onvif.device import OnvifDevice
from ingest.onvif.soap import FaultError, LoginRefusedError
from ingest.open_errors import OpenError

_LOOKS_S = (0.0, 3.0, 8.0)
"""Pauses before each look at what the device has taken; few, for some lock out who guesses."""

_LEVELS = frozenset(("Administrator", "Operator", "User"))
_REFUSALS = {
    "PasswordTooWeak": ("password_weak", "the device finds the new password too weak"),
    "PasswordTooLong": ("password_long", "the new password is too long for the device"),
    "FixedUser": ("fixed_user", "the device does not let this user be changed"),
    "UsernameMissing": ("no_user", "the device does not know this user"),
}
_NOT_ADMIN = (
    "not_admin",
    "the log-in is right, but may not change users of the device",
    "use an administrator of the device as the camera's log-in",
)
_WRONG = (
    "auth_failed",
    "the device refuses the camera's log-in",
    "enter the log-in that the device has",
)


@dataclass(frozen=True, slots=True)
class PasswordJob:
    """Does the jobs; addresses are checked here again, whoever has ordered them."""

    policy: UrlPolicy
    clock: Clock
    vault: Vault

    async def run(self, task: Task) -> bytes:
        """Change one device; whatever it does is a report."""
        order = decode_order(task.payload)
        if task.credentials is None:
            raise InvalidError("the job has no log-in", code="no_credentials")
        try:
            new = read(self.vault.open(order.camera_id, PENDING, order.sealed))
        except msgspec.DecodeError:
            raise CamhubError("a sealed password is damaged", code="vault_damaged") from None
        again = order.again or task.attempt > 1
        setting = PasswordSetting(order, task.credentials, new, self.policy, self.clock)
        return encode(await setting.run(again=again))


class PasswordSetting:
    """One device on its way from an old log-in to a new one."""

    def __init__(
        self,
        order: PasswordOrder,
        old: Credentials,
        new: Credentials,
        policy: UrlPolicy,
        clock: Clock,
    ) -> None:
        self._url = policy.accept_service(order.url)
        self._old = old
        self._new = new
        self._policy = policy
        self._clock = clock

    async def run(self, *, again: bool) -> PasswordReport:
        """Bring the device to the new password; ``again``: it may have it already."""
        try:
            users = await self._users(self._old)
            if users is None:
                return await self._old_refused(again=again)
        except OpenError as error:
            # nothing is known of it now, and before nothing but that it had the old one
            unknown = Outcome.UNSURE if again else Outcome.KEPT
            return PasswordReport(unknown, error.code, *_words(error))
        level = users.get(self._old.username, "")
        if level not in _LEVELS:
            return PasswordReport(
                Outcome.KEPT,
                "no_user",
                "the device does not list the user of the log-in",
                "change the password on its own web page",
            )
        return await self._set(level)

    async def _set(self, level: str) -> PasswordReport:
        user = {
            "Username": self._new.username,
            "Password": self._new.password,
            "UserLevel": level,
        }
        try:
            async with self._device(self._old) as device:
                await device.greet()
                await device.call("devicemgmt", "SetUser", {"User": [user]})
        except LoginRefusedError:
            return await self._settled(PasswordReport(Outcome.KEPT, *_NOT_ADMIN))
        except FaultError as error:
            return await self._settled(_refused(error))
        except OpenError as error:
            return await self._settled(PasswordReport(Outcome.UNSURE, error.code, *_words(error)))
        return await self._settled(
            PasswordReport(
                Outcome.UNSURE,
                "not_taken",
                "the device said yes but kept the old password",
                "change it on its own web page",
            )
        )

    async def _settled(self, otherwise: PasswordReport) -> PasswordReport:
        """Find out which password the device has; ``otherwise`` says why it is not the new one."""
        report = PasswordReport(Outcome.UNSURE, otherwise.code, otherwise.message, otherwise.hint)
        for pause_s in _LOOKS_S:
            await self._clock.sleep(pause_s)
            try:
                if await self._users(self._new) is not None:
                    return PasswordReport(Outcome.CHANGED)
                kept = await self._users(self._old) is not None
            except OpenError as error:
                report = PasswordReport(Outcome.UNSURE, error.code, *_words(error))
                continue
            if kept:
                report = PasswordReport(
                    Outcome.KEPT, otherwise.code, otherwise.message, otherwise.hint
                )
                if otherwise.outcome is Outcome.KEPT:
                    return report  # it said no, and means it
        return report

    async def _old_refused(self, *, again: bool) -> PasswordReport:
        if await self._users(self._new) is not None:
            return PasswordReport(Outcome.ALREADY)
        why = _NOT_ADMIN if await self._only_no_admin() else _WRONG
        return PasswordReport(Outcome.UNSURE if again else Outcome.KEPT, *why)

    async def _only_no_admin(self) -> bool:
        """Say whether the old log-in is right for less than users: strangers get less still."""
        return await self._tells(self._old) and not await self._tells(None)

    async def _tells(self, credentials: Credentials | None) -> bool:
        try:
            async with self._device(credentials) as device:
                await device.greet()
                await device.call("devicemgmt", "GetDeviceInformation")
        except OpenError:
            return False
        return True

    async def _users(self, credentials: Credentials) -> dict[str, str] | None:
        """Return the users of the device with their levels; None where the log-in is refused."""
        try:
            async with self._device(credentials) as device:
                await device.greet()
                return answers.users(await device.call("devicemgmt", "GetUsers"))
        except LoginRefusedError:
            return None

    def _device(self, credentials: Credentials | None) -> OnvifDevice:
        return OnvifDevice(self._url, credentials, self._policy.permits, self._clock)


def _refused(error: FaultError) -> PasswordReport:
    for subcode, (code, message) in _REFUSALS.items():
        if subcode in error.subcodes:
            return PasswordReport(Outcome.KEPT, code, message, "choose another password")
    return PasswordReport(
        Outcome.KEPT,
        "set_refused",
        "the device refuses to change the password",
        "change it on its own web page",
    )


def _words(error: OpenError) -> tuple[str, str]:
    """Return words of ours for an error, which may hold words of the device."""
    return _SAID.get(error.code, ("the device gives no answer that can be used", error.hint))


_SAID = {
    code: (message, "check that it runs and can be reached from the workers")
    for code, message in {
        "timeout": "the device does not answer in time",
        "refused": "the device refuses the connection",
        "unreachable": "the device cannot be reached",
        "dns": "the name of the device is not known",
        "closed": "the device closed the connection",
    }.items()
}
