"""What a camera is looked at with, as its state carries it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """``model``: name and version of the model that looks at a camera, '' while none does. ``code``
    is empty where it is the one that is wanted and its last look went well; else it and ``reason``
    say what stands against that.
    """

    model: str = ""
    code: str = ""
    reason: str = ""
