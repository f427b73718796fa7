"""Another password on a device: each way in which a device can behave, and what is known after."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import ForbiddenError
from camera_registry.jobs import Order, Task
from camera_registry.model import Credentials
from camera_registry.passwords.model import PENDING, written
from camera_registry.passwords.order import (
    PASSWORD as KIND,
)
from camera_registry.passwords.order import (
    Outcome,
    PasswordOrder,
    PasswordReport,
    decode_report,
    encode,
)
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ingest.onvif.passwords import PasswordJob
from tests.onvif.device import PASSWORD, USER, Setup, TestDevice, running

NEW = "canary-new-Word-8"
OLD = Credentials(USER, PASSWORD)


class NoPause(SystemClock):
    async def sleep(self, seconds: float) -> None:
        """Look again at once."""


async def change(
    device: TestDevice | str,
    old: Credentials = OLD,
    *,
    again: bool = False,
    attempt: int = 1,
    policy: UrlPolicy | None = None,
) -> PasswordReport:
    """Do the job as a worker does, with a vault of its own."""
    vault = Vault(os.urandom(32))
    sealed = vault.seal("camera", PENDING, written(Credentials(old.username, NEW)))
    url = device if isinstance(device, str) else device.url
    task = Task(Order("j", KIND, encode(PasswordOrder(url, "camera", sealed, again)), 60), attempt)
    task.credentials = old
    job = PasswordJob(policy or UrlPolicy(loopback=True), NoPause(), vault)
    result = await job.run(task)
    assert NEW.encode() not in result
    assert old.password.encode() not in result
    return decode_report(result)


async def test_the_device_has_the_new_password_and_the_old_one_no_more() -> None:
    async with running() as device:
        assert await change(device) == PasswordReport(Outcome.CHANGED)
        assert device.tokens.passwords == {USER: NEW}
        assert device.calls.count("SetUser") == 1
        # the worker died before anybody knew: the same job again does no harm
        assert await change(device, attempt=2) == PasswordReport(Outcome.ALREADY)
        assert await change(device, again=True) == PasswordReport(Outcome.ALREADY)
        assert device.calls.count("SetUser") == 1


async def test_an_operator_stays_one() -> None:
    levels: list[str] = []

    def see(device: TestDevice, name: str, password: str) -> str:
        levels.append(device.setup.level)
        device.tokens.passwords[name] = password
        return "yes"

    async with running(Setup(set_user=see)) as device:
        assert (await change(device)).outcome is Outcome.CHANGED
    assert levels == ["Administrator"]


@pytest.mark.parametrize(
    ("subcode", "code"),
    [
        ("PasswordTooWeak", "password_weak"),
        ("PasswordTooLong", "password_long"),
        ("FixedUser", "fixed_user"),
        ("UsernameMissing", "no_user"),
        ("Whatever", "set_refused"),
        ("ActionNotSupported", "not_supported"),
        ("NotAuthorized", "not_admin"),
    ],
)
async def test_a_device_that_refuses_keeps_the_old_one(subcode: str, code: str) -> None:
    async with running(Setup(set_user=lambda *_: subcode)) as device:
        report = await change(device)
        assert (report.outcome, report.code) == (Outcome.KEPT, code)
        assert report.message
        assert device.tokens.passwords == {USER: PASSWORD}


@pytest.mark.parametrize("how", ["silent", "garbage", "Whatever"])
async def test_a_device_that_takes_it_and_does_not_say_so_has_it(how: str) -> None:
    def taken(device: TestDevice, name: str, password: str) -> str:
        device.tokens.passwords[name] = password
        return how

    async with running(Setup(set_user=taken)) as device:
        assert await change(device) == PasswordReport(Outcome.CHANGED)


@pytest.mark.parametrize("how", ["silent", "garbage"])
async def test_a_device_that_breaks_off_and_has_not_taken_it_keeps_the_old_one(how: str) -> None:
    async with running(Setup(set_user=lambda *_: how)) as device:
        report = await change(device)
        assert report.outcome is Outcome.KEPT
        assert report.code in ("closed", "no_http", "bad_xml")


async def test_a_device_that_says_yes_and_does_nothing_is_found_out() -> None:
    async with running(Setup(set_user=lambda *_: "yes")) as device:
        report = await change(device)
        assert (report.outcome, report.code) == (Outcome.KEPT, "not_taken")


async def test_a_device_that_dies_after_it_was_asked_leaves_us_unsure() -> None:
    def die(device: TestDevice, name: str, password: str) -> str:
        device.tokens.passwords[name] = password
        device.setup = replace(device.setup, hostile=gone)
        return "silent"

    async def gone(writer: object) -> None:
        raise ConnectionResetError

    async with running(Setup(set_user=die)) as device:
        report = await change(device)
        assert report.outcome is Outcome.UNSURE
        device.setup = Setup()  # it is back
        assert await change(device, again=True) == PasswordReport(Outcome.ALREADY)


async def test_a_device_that_takes_it_and_then_lets_nobody_in_leaves_us_unsure() -> None:
    def forget(device: TestDevice, name: str, password: str) -> str:
        device.tokens.passwords.clear()
        return "yes"

    async with running(Setup(set_user=forget)) as device:
        assert (await change(device)).outcome is Outcome.UNSURE


async def test_a_log_in_that_is_wrong_changes_nothing() -> None:
    async with running() as device:
        wrong = Credentials(USER, "canary-wrong-1")
        report = await change(device, wrong)
        assert (report.outcome, report.code) == (Outcome.KEPT, "auth_failed")
        report = await change(device, wrong, again=True)
        assert (report.outcome, report.code) == (Outcome.UNSURE, "auth_failed")
        assert "SetUser" not in device.calls


async def test_a_log_in_that_may_not_change_users_is_told_from_a_wrong_one() -> None:
    async with running(Setup(level="Operator")) as device:
        report = await change(device)
        assert (report.outcome, report.code) == (Outcome.KEPT, "not_admin")


@pytest.mark.parametrize(
    ("again", "attempt", "outcome"),
    [(False, 1, Outcome.KEPT), (True, 1, Outcome.UNSURE), (False, 2, Outcome.UNSURE)],
)
async def test_where_nobody_answers(again: bool, attempt: int, outcome: Outcome) -> None:
    async with running() as device:
        url = device.url
    report = await change(url, again=again, attempt=attempt)
    assert (report.outcome, report.code) == (outcome, "refused")


async def test_networks_that_are_not_allowed_are_never_asked() -> None:
    async with running() as device:
        for url in (device.url, device.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(ForbiddenError, match="network"):
                await change(url, policy=UrlPolicy())
        assert device.calls == []
