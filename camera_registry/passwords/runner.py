"""Puts changes of passwords into effect: in the vault, or by workers on the devices.

The new log-in is stored, sealed, before a device is asked, and becomes the camera's only once the
device was seen to take it. Killed at any point, the next runner asks again: whoever changes a
device tries both. A device whose password nobody could find out stays unsure, with both kept.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError, NotFoundError, UnavailableError
from camera_registry.base.ids import new_id
from camera_registry.jobs import Job, JobDesk
from camera_registry.model import Credentials
from camera_registry.passwords.model import (
    PENDING,
    TRIES,
    ChangeRow,
    ChangeState,
    Mode,
    PasswordChange,
    RowState,
    read,
    written,
)
from camera_registry.passwords.order import Outcome, PasswordReport
from camera_registry.passwords.ports import PasswordStore
from camera_registry.passwords.service import PasswordChanges
from camera_registry.passwords.steps import (
    done,
    failed,
    failed_as,
    not_changeable,
    report_of,
    submission,
)
from camera_registry.records import CameraChange
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera
from camera_registry.vault import Vault

log = structlog.get_logger(__name__)

_AT_ONCE = 8
_LOOK_S = 3.0
_STALE_US = 20_000_000
_AGAIN_US = 20_000_000
_KEPT_US = 30 * 86_400 * 1_000_000
_SWEEP_US = 3600 * 1_000_000
_WAIT_S = 20.0
_ALL = Scope.all()


class PasswordRunner:
    """Works on changes, one after another, each by one process at a time."""

    def __init__(
        self,
        changes: PasswordChanges,
        store: PasswordStore,
        registry: CameraRegistry,
        vault: Vault,
        jobs: JobDesk | None,
        clock: Clock,
    ) -> None:
        self._changes = changes
        self._store = store
        self._registry = registry
        self._vault = vault
        self._jobs = jobs
        self._clock = clock
        self._holder = new_id(clock.utc_us())
        self._swept_us = 0

    @property
    def _desk(self) -> JobDesk:
        if self._jobs is None:
            raise UnavailableError("Devices are changed by a running hub only")
        return self._jobs

    async def run(self) -> None:
        """Work for ever; look every few seconds for what others have begun."""
        while True:
            self._changes.wake.clear()
            try:
                while await self.work_once():
                    pass
            except CamhubError as error:
                log.warning("passwords_wait", reason=error.message)
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._changes.wake.wait()
            except TimeoutError:
                continue

    async def work_once(self, change_id: str = "") -> bool:
        """Bring one change, or this one, as far as possible now; say whether there was one."""
        now = self._clock.utc_us()
        if now - self._swept_us > _SWEEP_US:
            self._swept_us = now
            await self._store.sweep(now - _KEPT_US)
        change = await self._store.claim(self._holder, now, now - _STALE_US, change_id)
        if change is None:
            return False
        await self.work(change)
        return True

    async def work(self, change: PasswordChange) -> None:
        """Work on a change until it has ended, or another process has taken it."""
        beat = asyncio.create_task(self._beat(change))
        try:
            while not beat.done():
                stop = await self._store.alive(change.id, self._holder, self._clock.utc_us())
                if stop is None:
                    return
                if stop:
                    await self._store.drop_waiting(change.id, self._clock.utc_us())
                rows = await self._store.due(change.id, self._clock.utc_us(), _AT_ONCE)
                if rows:
                    await asyncio.gather(*(self._row(change, row) for row in rows))
                elif stop or not await self._store.pending(change.id):
                    state = ChangeState.CANCELLED if stop else ChangeState.DONE
                    await self._store.finish(change.id, state, self._clock.utc_us())
                    log.info("passwords_ended", change=change.id, state=state)
                    return
                else:
                    await self._clock.sleep(1.0)
        finally:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)

    async def _beat(self, change: PasswordChange) -> None:
        while True:
            await self._clock.sleep(_LOOK_S)
            now = self._clock.utc_us()
            if await self._store.alive(change.id, self._holder, now) is None:
                return

    async def _row(self, change: PasswordChange, row: ChangeRow) -> None:
        after: ChangeRow | None
        try:
            after = await self._changed(change, row)
        except NotFoundError:
            after = failed(row, "gone", "the camera is registered no more")
        except UnavailableError as error:
            # the bus or the database: nothing is known that was not before
            log.warning("password_waits", camera=row.camera_id, reason=error.message)
            await self._clock.sleep(1.0)
            return
        except CamhubError as error:
            after = await self._wrong(row, error.code, error.message, error.hint)
        except Exception as error:
            # a fault of ours with one camera must not keep all others, and the api, from going on
            log.error("password_crashed", camera=row.camera_id, exc_info=error)
            words = "something went wrong inside camhub", "see the log of the api"
            after = await self._wrong(row, "internal", *words)
        if after is not None:
            await self._write(row, after)

    async def _wrong(self, row: ChangeRow, code: str, message: str, hint: str) -> ChangeRow:
        await self._clock.sleep(1.0)
        report = PasswordReport(Outcome.UNSURE, code, message, hint)
        return self._unsure(row, report) if row.asked else failed_as(row, report)

    async def _changed(self, change: PasswordChange, row: ChangeRow) -> ChangeRow | None:
        stored = await self._registry.stored(row.camera_id, _ALL)
        sealed, sealed_for = stored.login
        if not sealed:
            return failed(
                row, "no_credentials", "the camera has no log-in", "give it a user name first"
            )
        login = self._vault.open_credentials(sealed_for, sealed)
        new = self._opened(row, login)
        if change.mode is Mode.VAULT:
            await self._keep(change, row, new)
            return done(row)
        return await self._on_device(change, row, stored, new)

    async def _on_device(
        self, change: PasswordChange, row: ChangeRow, stored: StoredCamera, new: Credentials
    ) -> ChangeRow | None:
        """Have a worker change the device; what is asked again does no harm."""
        if (reason := not_changeable(stored)) is not None:
            return self._unsure(row, reason) if row.asked else failed_as(row, reason)
        job, again = await self._known(row), row.asked
        if job is None:
            sealed = self._vault.seal(row.camera_id, PENDING, written(new))
            asked = replace(row, state=RowState.SENT, asked=True, sealed=sealed, job_id="")
            if not await self._write(row, asked):
                return None  # another process has it
            job = await self._desk.submit(submission(change, asked, stored, again))
            row = replace(asked, job_id=job.id)
            await self._write(asked, row)
        while not job.state.final:
            job = await self._desk.wait(job.id, job.revision, _WAIT_S)
        report = report_of(job, again)
        if report.outcome in (Outcome.CHANGED, Outcome.ALREADY):
            await self._keep(change, row, new)
            after = done(row)
        elif report.outcome is Outcome.KEPT:
            after = failed_as(row, report)
        else:
            after = self._unsure(row, report)
        await self._write(row, after)
        return None

    async def _known(self, row: ChangeRow) -> Job | None:
        """Return the job that was begun for a row; None where one has to be begun."""
        if not row.job_id or row.state is not RowState.SENT:
            return None
        try:
            return await self._desk.get(row.job_id)
        except NotFoundError:
            return None

    async def _keep(self, change: PasswordChange, row: ChangeRow, new: Credentials) -> None:
        wanted = CameraChange(credentials=new)
        await self._registry.update(row.camera_id, wanted, _ALL, by=change.owner)

    def _opened(self, row: ChangeRow, login: Credentials) -> Credentials:
        try:
            new = read(self._vault.open(row.camera_id, PENDING, row.sealed))
        except msgspec.DecodeError:
            raise CamhubError("A sealed password is damaged", code="vault_damaged") from None
        return Credentials(new.username or login.username, new.password)

    def _unsure(self, row: ChangeRow, report: PasswordReport) -> ChangeRow:
        tries = row.tries + 1
        return replace(
            row,
            state=RowState.UNSURE,
            code=report.code,
            message=report.message,
            hint=report.hint,
            job_id="",
            tries=tries,
            next_us=self._clock.utc_us() + _AGAIN_US * tries if tries < TRIES else 0,
        )

    async def _write(self, before: ChangeRow, after: ChangeRow) -> bool:
        now = self._clock.utc_us()
        return await self._store.write(before, replace(after, updated_us=now))
