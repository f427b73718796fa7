"""What a camera that runs is made of: the ports of its analysis and of its attendants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from camera_registry.model import CameraSpec
from ingest.freeze import Verdict
from ingest.gate.state import GateStatus
from ingest.model_status import ModelStatus
from ingest.packets import Packet
from ingest.ring import GopRing


class Analysis(Protocol):
    """What looks at a camera's packets. ``push`` never blocks; it runs in the session's thread."""

    def push(self, packet: Packet) -> object:
        """Take the next packet; False where nothing can be decoded before the next keyframe."""
        ...

    def stop(self) -> None:
        """Forget this camera; no callback comes after."""
        ...

    def gate_status(self) -> GateStatus:
        """Return what is decoded of the camera and why; callable from any thread."""
        ...

    def use(self, spec: CameraSpec) -> None:
        """Look with the model, by the rules and at the priority of this spec from now on. The old
        model looks until the new one is loaded.
        """
        ...

    def model_status(self) -> ModelStatus:
        """Return what the camera is looked at with."""
        ...


class MakeAnalysis(Protocol):
    """Makes the analysis of one camera.

    ``on_picture`` takes the picture watch's verdicts, ``on_failure`` an unforeseen exception that
    ended the analysis; both may be called from any thread.
    """

    def __call__(
        self,
        spec: CameraSpec,
        on_picture: Callable[[Verdict], None],
        on_failure: Callable[[Exception], None],
    ) -> Analysis:
        """Return a new analysis."""
        ...


class Attendant(Protocol):
    """Something that serves from a camera's ring while the camera runs, such as stills."""

    async def start(self) -> None:
        """Begin. Raises UnavailableError while the bus cannot be reached."""
        ...

    async def stop(self) -> None:
        """End."""
        ...


Attend = Callable[[str, GopRing], Sequence[Attendant]]
"""Makes the attendants of a camera (its id) over its ring."""


def nobody(_: str, __: GopRing) -> Sequence[Attendant]:
    """Attend to no camera."""
    return ()
