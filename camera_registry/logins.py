"""How a camera logs in: its URLs, its own sealed credentials, or a shared log-in."""

from __future__ import annotations

from dataclasses import replace

from msgspec import UNSET

from camera_registry.base.errors import CamhubError, InvalidError
from camera_registry.device_host import device_elsewhere
from camera_registry.model import Camera, Credentials
from camera_registry.records import CameraChange
from camera_registry.stored import StoredCamera
from camera_registry.urls import CameraUrl, UrlPolicy, check_credentials
from camera_registry.vault import Vault
from camera_registry.weak import WeakCredentials


class Logins:
    """Puts addresses and log-ins into cameras. Raises InvalidError, ForbiddenError."""

    def __init__(self, vault: Vault, policy: UrlPolicy, weak: WeakCredentials) -> None:
        self._vault = vault
        self._policy = policy
        self._weak = weak

    def given(
        self, stored: StoredCamera, credentials: Credentials | None, credential_id: str
    ) -> StoredCamera:
        """Return a new camera with credentials of its own, with a shared log-in, or with none."""
        if credential_id:
            return _sharing(stored, credential_id, credentials)
        return self._own(stored, credentials)

    def changed(self, stored: StoredCamera, change: CameraChange) -> StoredCamera:
        """Return a camera with the URL and the log-in changed, as far as ``change`` says.

        A password stays with its host: another one takes it away, unless it is given again.
        """
        own: Credentials | None = None
        shared = stored.camera.credential_id
        if change.url is not UNSET:
            address = self._policy.accept(change.url)
            own = address.credentials
            if own is not None or _authority(address.url) != _authority(stored.camera.url):
                stored = self._own(stored, own)
            stored = replace(stored, camera=replace(stored.camera, url=address.url))
        if change.credentials is not UNSET:
            own = change.credentials
            stored = self._own(stored, own)
        if change.credential_id is UNSET:
            return stored
        if change.credential_id:
            return _sharing(stored, change.credential_id, own)
        return self._own(stored, None) if shared and own is None else stored

    def addressed(self, stored: StoredCamera) -> StoredCamera:
        """Check the URLs in the details; credentials in them serve where there are no others."""
        camera = stored.camera
        sub, can = camera.details.sub, camera.details.capabilities
        if can.onvif_url:
            can = replace(can, onvif_url=self._policy.accept_service(can.onvif_url))
            camera = replace(camera, details=replace(camera.details, capabilities=can))
        if sub is not None and sub.url:
            address = self._accepted_sub(sub.url)
            details = replace(camera.details, sub=replace(sub, url=address.url))
            camera = replace(camera, details=details)
            if address.credentials is not None and not stored.camera.has_credentials:
                return self._own(replace(stored, camera=camera), address.credentials)
        return replace(stored, camera=camera)

    def _accepted_sub(self, url: str) -> CameraUrl:
        """Check the URL of the second stream; a refusal names that field and not the first one."""
        try:
            return self._policy.accept(url)
        except CamhubError as error:
            raise CamhubError(
                error.message.replace("url:", "sub.url:", 1),
                hint=error.hint,
                code=error.code,
                kind=error.kind,
            ) from None

    def _own(self, stored: StoredCamera, credentials: Credentials | None) -> StoredCamera:
        """Return the camera with other credentials, or with none; judged while they are known."""
        sealed, weak = b"", None
        if credentials is not None:
            checked = check_credentials(credentials)
            sealed = self._vault.seal_credentials(stored.camera.id, checked)
            weak = self._weak.is_weak(checked)
        camera = replace(
            stored.camera, has_credentials=bool(sealed), weak_credentials=weak, credential_id=""
        )
        return replace(stored, camera=camera, sealed=sealed)


def _sharing(stored: StoredCamera, credential_id: str, own: Credentials | None) -> StoredCamera:
    """Return the camera with a shared log-in in the place of its own; the store judges that."""
    if own is not None:
        raise InvalidError(
            "credential_id: give a log-in of its own or a shared one, not both",
            code="credentials",
        )
    camera = replace(
        stored.camera, has_credentials=True, weak_credentials=None, credential_id=credential_id
    )
    return replace(stored, camera=camera, sealed=b"")


def shares_anew(before: Camera, after: Camera) -> bool:
    """Say whether a shared password would be sent where it was not sent before."""
    return bool(after.credential_id) and (
        before.credential_id != after.credential_id
        or _authority(before.url) != _authority(after.url)
        or device_elsewhere(after) not in ("", device_elsewhere(before))
    )


def _authority(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    return scheme, rest.partition("/")[0].partition("?")[0]
