"""Makes the front end's types from the API's OpenAPI document, and finds drift.

The document is asked of another process: this room lies below the API and may not import it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from wall_ui.node import BuildError

_ASK = "import json, ioc_api.app as a; print(json.dumps(a.openapi_document(), sort_keys=True))"
_HEAD = "// Made by 'make types' from the API's OpenAPI document. Do not edit.\n"


def read_document() -> str:
    """Return the OpenAPI document as JSON. Raises BuildError where the API cannot say it."""
    done = subprocess.run(  # noqa: S603 - this Python, our own line
        [sys.executable, "-c", _ASK], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BuildError(f"the API does not give its OpenAPI document: {why}")
    return done.stdout


class OpenApiTypes:
    """The checked-in ``schema.d.ts`` and how to make it.

    ``generate`` runs openapi-typescript with the arguments given to it and raises BuildError.
    """

    def __init__(
        self,
        target: Path,
        generate: Callable[..., None],
        document: Callable[[], str] = read_document,
    ) -> None:
        self._target = target
        self._generate = generate
        self._document = document

    def make(self) -> str:
        """Return the types of the API as it is now. Raises BuildError."""
        with tempfile.TemporaryDirectory() as scratch:
            source, made = Path(scratch, "openapi.json"), Path(scratch, "schema.d.ts")
            source.write_text(self._document(), "utf-8")
            self._generate(str(source), "--output", str(made), "--alphabetize")
            return _HEAD + made.read_text("utf-8")

    def write(self) -> None:
        """Write the types. Raises BuildError."""
        self._target.write_text(self.make(), "utf-8")

    def check(self) -> None:
        """Raise BuildError where the checked-in types are not those of the API as it is now."""
        current = self._target.read_text("utf-8") if self._target.is_file() else ""
        if current != self.make():
            raise BuildError("the API's types have drifted: run 'make types' and commit them")
