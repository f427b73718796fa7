"""A camera's newest picture, from the worker that runs it: the api itself decodes nothing."""

from __future__ import annotations

from typing import Protocol

import msgspec

from camera_registry import subjects
from camera_registry.base.bus import Bus
from camera_registry.base.errors import UnavailableError
from ingest.still_wire import Still, decode_still

_ANSWER_S = 4.0
_REASONS = {
    "no_picture": "the camera has sent no picture yet",
    "undecodable": "the camera's newest picture cannot be decoded",
}


class Stills(Protocol):
    """Where recent pictures of cameras come from. The caller has checked who may see them."""

    async def still(self, camera_id: str) -> Still:
        """Return the newest picture. Raises UnavailableError where there is none now."""
        ...


class BusStills:
    """Asks the worker that runs the camera."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def still(self, camera_id: str) -> Still:
        """Return the newest picture. Raises UnavailableError where there is none now."""
        try:
            data = await self._bus.request(subjects.still(camera_id), b"", timeout_s=_ANSWER_S)
            found = decode_still(data)
        except UnavailableError as error:
            if error.code != "nobody_listens":
                raise
            raise UnavailableError(
                "no worker runs this camera now",
                hint="look at the camera's state",
                code="no_worker",
            ) from None
        except msgspec.DecodeError:
            raise UnavailableError(
                "the worker's answer cannot be read",
                hint="see its version",
                code="still_unreadable",
            ) from None
        if found.code:
            reason = _REASONS.get(found.code, "the worker has no picture of the camera")
            raise UnavailableError(reason, hint="look at the camera's state", code=found.code)
        return found
