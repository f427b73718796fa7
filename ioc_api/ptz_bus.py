"""The way from the api to a camera's motors: the worker that holds the camera."""

from __future__ import annotations

from typing import Protocol

import msgspec

from camera_registry import subjects
from camera_registry.base.bus import Bus
from camera_registry.base.errors import CamhubError, ConflictError, UnavailableError
from camera_registry.ptz import PtzAnswer, PtzOrder, decode_answer, encode

_ANSWER_S = 12.0


class Ptz(Protocol):
    """What carries orders out. The caller has checked who may give them."""

    async def order(self, camera_id: str, order: PtzOrder) -> PtzAnswer:
        """Carry an order out. Raises ConflictError where somebody else holds the camera,
        UnavailableError where it cannot be done now.
        """
        ...


class BusPtz:
    """Asks the worker that runs the camera."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def order(self, camera_id: str, order: PtzOrder) -> PtzAnswer:
        """Carry an order out."""
        try:
            data = await self._bus.request(
                subjects.ptz(camera_id), encode(order), timeout_s=_ANSWER_S
            )
            answer = decode_answer(data)
        except UnavailableError as error:
            if error.code != "nobody_listens":
                raise
            raise UnavailableError(
                "no worker runs this camera now",
                hint="switch the camera on, and look at its state",
                code="no_worker",
            ) from None
        except msgspec.DecodeError:
            raise UnavailableError(
                "the worker's answer cannot be read", hint="see its version", code="ptz_unreadable"
            ) from None
        if answer.code:
            raise _error(answer)
        return answer


def _error(answer: PtzAnswer) -> CamhubError:
    kind = ConflictError if answer.code == "ptz_locked" else UnavailableError
    return kind(answer.error, hint=answer.hint, code=answer.code)
