"""Hatchling build hook: a wheel without the built wall must not exist."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WallBuildHook(BuildHookInterface[Any]):
    """Refuse to build a wheel while ``wall_ui/dist/index.html`` is missing.

    An editable install (``version == "editable"``) is allowed: the Makefile builds the wall right
    after it, and the api says in one line what to do when it is started without.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise RuntimeError for a standard wheel when the wall has not been built."""
        index = Path(self.root) / "wall_ui" / "dist" / "index.html"
        if version == "editable" or index.is_file():
            return
        raise RuntimeError(
            f"the wall is not built: {os.path.relpath(index, self.root)} is missing; "
            "run 'make wall' and build the wheel again"
        )
