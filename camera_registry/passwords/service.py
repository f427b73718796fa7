"""What people do with changes of passwords: begin, look at, call off, try again, forget."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

import structlog

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ConflictError, InvalidError, NotFoundError
from camera_registry.base.ids import is_id, new_id
from camera_registry.device_host import device_elsewhere
from camera_registry.likeness import LikelyCameras
from camera_registry.model import Actor, Camera, Credentials
from camera_registry.passwords.model import (
    MAX_CAMERAS,
    PENDING,
    ChangeRow,
    Mode,
    PasswordChange,
    RowState,
    strong_password,
    written,
)
from camera_registry.passwords.ports import PasswordStore
from camera_registry.records import CameraFilter
from camera_registry.registry import CameraRegistry
from camera_registry.scope import Scope
from camera_registry.urls import check_credentials
from camera_registry.vault import Vault

log = structlog.get_logger(__name__)

_PAGE = 500


class PasswordChanges:
    """Keeps changes; ``camera_registry.passwords.runner`` puts them into effect.

    ``wake`` is set when there is something new to do.
    """

    def __init__(
        self,
        store: PasswordStore,
        registry: CameraRegistry,
        likely: LikelyCameras,
        vault: Vault,
        clock: Clock,
    ) -> None:
        self._store = store
        self._registry = registry
        self._likely = likely
        self._vault = vault
        self._clock = clock
        self.wake = asyncio.Event()

    async def begin(
        self, wanted: CameraFilter, mode: Mode, password: str | None, scope: Scope, *, by: Actor
    ) -> PasswordChange:
        """Begin to change the passwords of all cameras that are wanted.

        Without a ``password`` each device gets a strong one of its own, which nobody is ever told;
        the channels of a recorder are one device. Raises InvalidError, and ConflictError where
        channels of a recorder were left out: they would be locked out of it.
        """
        if password is None and mode is Mode.VAULT:
            raise InvalidError(
                "password: a random one is of use only where the devices are changed as well",
                hint="give the password that the devices have",
                code="password",
            )
        if password is not None:
            if not password:
                raise InvalidError("password: must not be empty", code="credentials")
            check_credentials(Credentials("x", password))
        cameras = await self.chosen(wanted, scope)
        if mode is Mode.DEVICES:
            await self._require_whole_devices(cameras)
        now = self._clock.utc_us()
        change = PasswordChange(new_id(now), by, mode, password is None, len(cameras), now, now)
        rows = await asyncio.to_thread(self._rows, change.id, cameras, password)
        await self._store.create(change, rows)
        log.info("passwords_begun", change=change.id, cameras=change.total, mode=mode, by=by.id)
        self.wake.set()
        return await self.get(change.id, scope)

    async def get(self, change_id: str, scope: Scope) -> PasswordChange:
        """Return a change. Raises NotFoundError where not all of its cameras are in scope."""
        found = await self._store.get(change_id, scope) if is_id(change_id) else None
        if found is None:
            raise NotFoundError("There is no such change of passwords")
        return found

    async def list(
        self, scope: Scope, before: str | None = None, limit: int = 100
    ) -> Sequence[PasswordChange]:
        """Return changes all of whose cameras are in scope, the latest first."""
        return await self._store.list(scope, before, limit)

    async def rows(
        self, change: PasswordChange, states: Sequence[RowState], after: int, limit: int
    ) -> Sequence[ChangeRow]:
        """Return the cameras of a change by their numbers."""
        return await self._store.rows(change.id, states, after, limit)

    async def cancel(self, change: PasswordChange) -> None:
        """Begin no further camera; one that is being changed is brought to its end."""
        await self._store.ask_to_stop(change.id)
        self.wake.set()

    async def retry(self, change: PasswordChange) -> int:
        """Try the failed and the unsure cameras again; return how many."""
        again = await self._store.again(change.id, self._clock.utc_us())
        self.wake.set()
        return again

    async def forget(self, change: PasswordChange) -> None:
        """Forget a change. Raises ConflictError while it runs, or has an unsure camera."""
        if not await self._store.delete(change.id):
            raise ConflictError(
                "This change still runs, or a camera of it may have the new password",
                hint="try the unsure cameras again first: what is forgotten cannot be tried",
                code="password_unsure",
            )

    async def chosen(self, wanted: CameraFilter, scope: Scope) -> Sequence[Camera]:
        """Return all cameras that are wanted. Raises InvalidError for none, or too many."""
        found: list[Camera] = []
        after: tuple[str, str] | None = None
        while page := await self._registry.list(scope, wanted, after, _PAGE):
            found += page
            after = (page[-1].name, page[-1].id)
            if len(found) > MAX_CAMERAS:
                raise InvalidError(
                    f"More than {MAX_CAMERAS} cameras are chosen",
                    hint="choose fewer, by unit or group",
                    code="too_many",
                )
        if not found:
            raise InvalidError("No camera is chosen that you manage", code="nothing_chosen")
        return found

    async def _require_whole_devices(self, cameras: Sequence[Camera]) -> None:
        """Refuse to change the password of a device of which other cameras are left out."""
        devices = {_device(each) for each in cameras if not device_elsewhere(each)} - {""}
        hosts = sorted({urlsplit(url).hostname or "" for url in devices})
        chosen = {each.id for each in cameras}
        left = [
            each
            for each in await self._likely.at(hosts, [], Scope.all())
            if each.id not in chosen and each.onvif_url in devices
        ]
        if left:
            raise ConflictError(
                f"{len(left)} more cameras are channels of the same devices",
                hint="choose them too: all channels of a recorder have one password",
                code="channels_left_out",
            )

    def _rows(
        self, change_id: str, cameras: Sequence[Camera], password: str | None
    ) -> Sequence[ChangeRow]:
        random: dict[str, str] = {}

        def word(camera: Camera) -> str:
            if password is not None:
                return password
            return random.setdefault(_device(camera) or camera.id, strong_password())

        return [
            ChangeRow(
                change_id,
                number,
                camera.id,
                camera.name,
                camera.unit_code,
                self._vault.seal(
                    camera.id,
                    PENDING,
                    written(Credentials("", word(camera))),
                ),
                updated_us=self._clock.utc_us(),
            )
            for number, camera in enumerate(cameras, 1)
        ]


def _device(camera: Camera) -> str:
    return camera.details.capabilities.onvif_url
