"""A camera's motors over ONVIF (PTZ Service Specification 5.3 and 5.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError
from camera_registry.model import Credentials
from camera_registry.ptz import HOLD_MOVE_S, MAX_PRESETS, PtzPreset
from ingest.onvif import answers
from ingest.onvif.device import OnvifDevice
from ingest.onvif.media import media_of
from ingest.open_errors import OpenError

_TIMEOUT_S = 4.0


class Motors(Protocol):
    """What moves a camera. Speeds and steps are from -1 to 1. Every method raises OpenError."""

    async def move(self, pan: float, tilt: float, zoom: float) -> None:
        """Move until told otherwise, at most for a moment longer than the dead man's switch."""
        ...

    async def step(self, pan: float, tilt: float, zoom: float) -> None:
        """Move by a share of the whole range."""
        ...

    async def stop(self) -> None:
        """Stand still."""
        ...

    async def presets(self) -> tuple[PtzPreset, ...]:
        """Return the positions that the camera knows."""
        ...

    async def goto(self, preset: str) -> None:
        """Go to a position."""
        ...

    async def keep(self, preset: str, name: str) -> None:
        """Keep the present position: as a new preset, or in place of one."""
        ...

    async def remove(self, preset: str) -> None:
        """Forget a position."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


Connect = Callable[[str, Credentials | None, str], Motors]
"""Makes motors of a device service's address, credentials and a video source (empty: any);
connects when first used."""


def connecting(permits: Callable[[str], bool], clock: Clock) -> Connect:
    """Return what makes motors over ONVIF, at addresses that are permitted."""
    return lambda url, credentials, source: OnvifMotors(
        OnvifDevice(url, credentials, permits, clock, timeout_s=_TIMEOUT_S), source
    )


class OnvifMotors:
    """The motors behind one device service, of its first profile that has any.

    With a ``source`` only profiles of that video source count: a recorder moves many cameras.
    """

    def __init__(self, device: OnvifDevice, source: str = "") -> None:
        self._device = device
        self._source = source
        self._token = ""

    async def move(self, pan: float, tilt: float, zoom: float) -> None:
        """Move; the camera itself ends it should this worker be gone."""
        await self._call(
            "ContinuousMove",
            Velocity=_vector(pan, tilt, zoom),
            Timeout=timedelta(seconds=2 * HOLD_MOVE_S),
        )

    async def step(self, pan: float, tilt: float, zoom: float) -> None:
        """Move by a share of the whole range."""
        await self._call("RelativeMove", Translation=_vector(pan, tilt, zoom))

    async def stop(self) -> None:
        """Stand still."""
        await self._call("Stop", PanTilt=True, Zoom=True)

    async def presets(self) -> tuple[PtzPreset, ...]:
        """Return the positions that the camera knows."""
        listed = answers.items(await self._call("GetPresets"), MAX_PRESETS)
        found = (
            PtzPreset(answers.text(item, "token"), answers.text(item, "Name")) for item in listed
        )
        return tuple(preset for preset in found if preset.token)

    async def goto(self, preset: str) -> None:
        """Go to a position."""
        await self._call("GotoPreset", PresetToken=preset)

    async def keep(self, preset: str, name: str) -> None:
        """Keep the present position: as a new preset, or in place of one."""
        given = {"PresetName": name} if name else {}
        if preset:
            given["PresetToken"] = preset
        await self._call("SetPreset", **given)

    async def remove(self, preset: str) -> None:
        """Forget a position."""
        await self._call("RemovePreset", PresetToken=preset)

    async def close(self) -> None:
        """End the connection."""
        await self._device.__aexit__()

    async def _call(self, operation: str, **params: Any) -> Any:
        if not self._token:
            self._token = await self._find_profile()
        return await self._device.call("ptz", operation, {"ProfileToken": self._token, **params})

    async def _find_profile(self) -> str:
        await self._device.greet()
        failure: CamhubError | None = None
        for media in await media_of(self._device):
            try:
                profiles = await media.profiles()
            except CamhubError as error:
                failure = error
                continue
            one = len({profile.source for profile in profiles}) == 1  # whatever it calls it now
            for profile in profiles:
                if profile.ptz and (one or self._source in ("", profile.source)):
                    return profile.token
        if failure is not None:
            raise failure
        raise OpenError(
            "the camera has no profile that can be moved",
            hint="give a profile a PTZ configuration in the camera's settings",
            code="not_supported",
        )


def _vector(pan: float, tilt: float, zoom: float) -> dict[str, Any]:
    """Return what is not zero: a camera without zoom refuses to zoom by nothing."""
    found: dict[str, Any] = {}
    if pan or tilt or not zoom:
        found["PanTilt"] = {"x": pan, "y": tilt}
    if zoom:
        found["Zoom"] = {"x": zoom}
    return found
