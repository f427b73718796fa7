"""Secrets that are planted to be looked for: in whatever form they leak, they are found."""

from __future__ import annotations

import base64
import io
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


def planted() -> str:
    """Return a password with characters that a URL quotes, around a core that nothing changes."""
    return f"Nh+ {secrets.token_hex(9)}/@é"


def core_of(secret: str) -> bytes:
    """Return the longest run of letters and digits: quoting and JSON leave it as it is."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in secret).split()
    return max(words, key=len).encode()


def forms(core: bytes) -> Iterator[bytes]:
    """Return how a core looks in plain, in hex, and inside base64 at each of its three places."""
    yield core
    yield core.hex().encode()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + core)
        first = -(-before * 8 // 6)
        last = (before + len(core)) * 8 // 6
        yield text[first:last]


@dataclass
class Search:
    """Secrets by name, and where they were found."""

    secrets: dict[str, bytes] = field(default_factory=dict)
    found: set[tuple[str, str]] = field(default_factory=set)

    def plant(self, name: str) -> str:
        """Make a secret and look for it from now on."""
        secret = planted()
        self.secrets[name] = core_of(secret)
        return secret

    def watch(self, name: str, secret: str) -> None:
        """Look for a secret that the hub has made."""
        self.secrets[name] = core_of(secret)

    def look(self, place: str, data: bytes) -> None:
        """Look into some bytes, and into the parts of a zip file such as a workbook."""
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name in archive.namelist():
                    self.look(place, archive.read(name))
        for name, core in self.secrets.items():
            if any(each in data for each in forms(core)):
                self.found.add((name, place))

    def look_into(self, directory: Path) -> None:
        """Look into every file below a directory; one that goes meanwhile is no leak."""
        for path in sorted(directory.rglob("*")):
            try:
                data = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:
                continue
            self.look(f"file {path.relative_to(directory)}", data)
