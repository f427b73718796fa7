"""The history of the tables: which revision they are of, and the way to that of this code.

Every process asks which one they are of, and hardly any has to change them: Alembic, which takes as
long to import as all of our own code, is imported by the one that does.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from camera_registry.base.errors import ConfigError

if TYPE_CHECKING:
    from alembic.config import Config

_STANDING = sa.table("alembic_version", sa.column("version_num"))


class Revisions:
    """Alembic's scripts in a directory, in files named ``versions/rNNNN_words.py``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @cached_property
    def known(self) -> list[str]:
        """Every revision of this code, from the first to the present one."""
        return sorted(path.name[1:5] for path in self._directory.glob("versions/r[0-9]*.py"))

    def are_current(self, connection: sa.Connection) -> bool:
        """Return whether the tables are of this code. Raises ConfigError where they are newer."""
        return self._standing(connection) == self.known[-1]

    def upgrade(self, connection: sa.Connection) -> None:
        """Bring the tables to this code, in the transaction that is open. Raises ConfigError."""
        if self.are_current(connection):
            return
        from alembic import command

        config = alembic_config(self._directory)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    def _standing(self, connection: sa.Connection) -> str | None:
        """Return the revision of the tables, None for an empty database."""
        if not sa.inspect(connection).has_table(_STANDING.name):
            return None
        current = connection.scalar(sa.select(_STANDING.c.version_num))
        if current is not None and current not in self.known:
            raise ConfigError(
                f"The database was made by a newer camhub (revision {current})",
                hint="upgrade camhub on this machine, or point it to another database",
                code="database_newer",
            )
        return current


def alembic_config(directory: Path) -> Config:
    """Return what Alembic's commands want to know of its scripts."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(directory).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
