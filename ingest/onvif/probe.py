"""The probe of an ONVIF device: all that it says of itself, and each step that it refuses."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from camera_registry.base.clock import Clock
from camera_registry.base.errors import CamhubError
from camera_registry.model import Credentials
from camera_registry.probe import (
    Failure,
    OnvifProfile,
    OnvifReport,
    OnvifService,
    ProbeReport,
    ProbeRequest,
)
from camera_registry.urls import UrlPolicy
from ingest.onvif import answers
from ingest.onvif.device import PTZ, OnvifDevice
from ingest.onvif.media import Media, media_of
from ingest.onvif.media_profile import MediaProfile
from ingest.onvif.soap import LoginRefusedError
from ingest.onvif.told_urls import snapshot_url, stream_url

Value = TypeVar("Value")
Progress = Callable[[float, str], None]

_NOT_REACHED = frozenset(("dns", "refused", "timeout", "unreachable", "forbidden_network"))
_PICTURE_BYTES = 400_000
_MOST_REFUSED = 2


async def probe_onvif(
    request: ProbeRequest,
    credentials: Credentials | None,
    *,
    policy: UrlPolicy,
    clock: Clock,
    progress: Progress,
) -> tuple[ProbeReport, bytes]:
    """Ask a device. Returns the report and a snapshot as a JPEG, empty where there is none."""
    began = time.monotonic()
    async with OnvifDevice(request.url, credentials, policy.permits, clock) as device:
        look = _Look(device, credentials, policy, progress)
        try:
            offset_s = await device.greet()
        except CamhubError as error:
            reached = error.code not in _NOT_REACHED
            silent = look.explained("GetSystemDateAndTime", error)
            return _report(request, began, reached, failure=silent), b""
        found = await look.all(offset_s)
        picture = await look.picture(found)
    refused = next((each for each in found.failures if each.code in _LOCKED), None)
    failure = refused if refused is not None and not found.profiles else None
    return _report(request, began, reached=True, device=found, failure=failure), picture


_LOCKED = frozenset(("auth_failed", "credentials_missing"))


@dataclass(slots=True)
class _Look:
    """One look at a device: its steps, of which each may fail by itself."""

    device: OnvifDevice
    credentials: Credentials | None
    policy: UrlPolicy
    progress: Progress
    failures: list[Failure] = field(default_factory=list)
    _steps: int = 0
    _accepted: bool = False
    _refused: int = 0
    _shown: set[str] = field(default_factory=set)

    async def all(self, offset_s: float | None) -> OnvifReport:
        device = self.device
        about = await self._try("GetDeviceInformation", self._ask("GetDeviceInformation"), None)
        scopes = answers.scopes(await self._try("GetScopes", self._ask("GetScopes"), None))
        endpoint = await self._try(
            "GetEndpointReference", self._ask("GetEndpointReference"), None, quiet=True
        )
        none: tuple[OnvifService, ...] = ()
        services = await self._try("GetServices", device.services, none)
        profiles = await self._profiles(services)
        ptz = any(profile.ptz for profile in profiles)
        presets = await self._presets(profiles) if ptz else 0
        return OnvifReport(
            url=device.url,
            authenticated=self.credentials is not None and about is not None,
            make=answers.text(about, "Manufacturer"),
            model=answers.text(about, "Model"),
            firmware=answers.text(about, "FirmwareVersion"),
            serial=answers.text(about, "SerialNumber"),
            hardware=answers.text(about, "HardwareId"),
            name=next(iter(answers.scope_values(scopes, "name")), ""),
            location=next(iter(answers.scope_values(scopes, "location")), ""),
            endpoint_id=answers.text(endpoint, "GUID") or answers.text(endpoint),
            onvif_profiles=tuple(
                value
                for value in answers.scope_values(scopes, "Profile")
                if value in ("S", "T", "G", "M", "A", "C", "D", "Q") or value == "Streaming"
            ),
            services=services,
            profiles=profiles,
            ptz=ptz,
            presets=presets,
            clock_offset_s=offset_s,
            failures=tuple(self.failures),
        )

    def _ask(self, operation: str) -> Callable[[], Awaitable[Any]]:
        return lambda: self.device.call("devicemgmt", operation)

    async def _try(
        self, step: str, work: Callable[[], Awaitable[Value]], instead: Value, quiet: bool = False
    ) -> Value:
        if self.credentials and self._refused >= _MOST_REFUSED and not self._accepted:
            return instead  # a device locks the account of who goes on trying
        self._steps += 1
        self.progress(min(self._steps / 20, 0.95), step)
        try:
            found = await work()
        except CamhubError as error:
            self._refused += error.code == "auth_failed"
            if not (quiet and error.code in ("not_supported", "fault")):
                self.failures.append(self.explained(step, error))
            return instead
        self._accepted = True
        return found

    def explained(self, step: str, error: CamhubError) -> Failure:
        schemes = error.schemes if isinstance(error, LoginRefusedError) else ()
        if error.code == "auth_failed" and self.credentials is None:
            return Failure(
                "credentials_missing",
                "the device asks for a user name and password, and none were given",
                "give those of a user that may use ONVIF",
                step=step,
                schemes=schemes,
            )
        return Failure(error.code, error.message, error.hint, step=step, schemes=schemes)

    async def _profiles(self, services: tuple[OnvifService, ...]) -> tuple[OnvifProfile, ...]:
        """Return the profiles of the first media service that gives a stream's address."""
        moves = any(service.namespace == PTZ for service in services)
        best: tuple[OnvifProfile, ...] = ()
        for media in await media_of(self.device) if services else ():
            nothing: tuple[MediaProfile, ...] = ()
            listed = await self._try(f"{media.label}GetProfiles", media.profiles, nothing)
            found = tuple([await self._profile(media, item, moves) for item in listed])
            self._shown.clear()
            if any(profile.stream_url for profile in found):
                return found
            best = best or found
        return best

    async def _profile(self, media: Media, item: MediaProfile, moves: bool) -> OnvifProfile:
        token = item.token
        stream = await self._try(f"{media.label}GetStreamUri", lambda: media.stream_uri(token), "")
        snapshot = ""
        if not item.source or item.source not in self._shown:
            snapshot = await self._try(
                f"{media.label}GetSnapshotUri", lambda: media.snapshot_uri(token), "", quiet=True
            )
            if snapshot:
                self._shown.add(item.source)
        url, note = stream_url(stream, self.device.url, self.policy)
        return OnvifProfile(
            token=token,
            name=item.name,
            codec=item.codec,
            width=item.width,
            height=item.height,
            fps=item.fps,
            bitrate_kbps=item.bitrate_kbps,
            gop_frames=item.gop_frames,
            ptz=moves and item.ptz,
            audio=item.audio,
            stream_url=url,
            snapshot_url=snapshot_url(snapshot, self.device.url),
            note=note,
            source=item.source,
        )

    async def _presets(self, profiles: tuple[OnvifProfile, ...]) -> int:
        token = next(profile.token for profile in profiles if profile.ptz)
        listed = await self._try(
            "GetPresets", lambda: self.device.call("ptz", "GetPresets", {"ProfileToken": token}), ()
        )
        return len(answers.items(listed, 500))

    async def picture(self, found: OnvifReport) -> bytes:
        """Fetch the snapshot of the first profile that has one; empty where that does not work."""
        url = next((each.snapshot_url for each in found.profiles if each.snapshot_url), "")
        if not url:
            return b""
        self.progress(0.97, "snapshot")
        try:
            answer = await self.device.http.get(url, _PICTURE_BYTES)
        except CamhubError:
            return b""  # the probe has said what matters; the picture is an extra
        is_jpeg = answer.status == 200 and answer.body[:3] == b"\xff\xd8\xff"
        return answer.body if is_jpeg else b""


def _report(
    request: ProbeRequest,
    began: float,
    reached: bool,
    *,
    device: OnvifReport | None = None,
    failure: Failure | None = None,
) -> ProbeReport:
    return ProbeReport(
        request.url,
        reached,
        ok=device is not None and failure is None,
        took_s=round(time.monotonic() - began, 3),
        device=device,
        failure=failure,
    )
