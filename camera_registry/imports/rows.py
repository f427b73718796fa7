"""Makes a camera out of a row, with all that is to be said about its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from camera_registry.base.errors import CamhubError, ForbiddenError, InvalidError
from camera_registry.imports import cells
from camera_registry.imports.columns import BY_FIELD
from camera_registry.imports.limits import Row
from camera_registry.imports.messages import CellError, Level, Message, error, warning
from camera_registry.imports.places import Places
from camera_registry.model import AdminUnit, Credentials, Position
from camera_registry.scope import Scope
from camera_registry.shared import SharedCredential
from camera_registry.urls import UrlPolicy, check_credentials

_SKIPPED = frozenset(
    (
        "unit",
        "groups",
        "url",
        "sub_url",
        "username",
        "password",
        "credential",
        "lat",
        "lon",
        "position",
    )
)
"""Fields that are read together, not cell by cell."""


@dataclass(slots=True)
class Draft:
    """A row as far as it could be read: ``values`` by field, credentials apart from all else."""

    number: int
    values: dict[str, object] = field(default_factory=dict)
    unit: AdminUnit | None = None
    groups: tuple[str, ...] = ()
    position: Position | None = None
    url: str = ""
    sub_url: str = ""
    credentials: Credentials | None = None
    credential_id: str = ""
    messages: list[Message] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing keeps the row out."""
        return all(message.level is not Level.ERROR for message in self.messages)


class RowReader:
    """Reads the rows of one file for one user.

    ``mapping`` says which column holds which field, ``groups`` the ids of the groups by folded
    name, ``weak`` whether a user name and password are a factory default or too easy to guess,
    ``shared`` the shared log-ins that the user may give, by folded name.
    """

    def __init__(
        self,
        mapping: Mapping[int, str],
        places: Places,
        policy: UrlPolicy,
        scope: Scope,
        groups: Mapping[str, str],
        weak: Callable[[Credentials], bool],
        shared: Mapping[str, SharedCredential] | None = None,
    ) -> None:
        self._mapping = mapping
        self._places = places
        self._policy = policy
        self._scope = scope
        self._groups = groups
        self._weak = weak
        self._shared = shared or {}

    def read(self, row: Row) -> Draft:
        """Read a row. Never raises: what is wrong stands in the messages."""
        texts = {name: row.cells[index] for index, name in self._mapping.items()}
        draft = Draft(row.number)
        for name, text in texts.items():
            column = BY_FIELD[name]
            if not text:
                if column.required:
                    draft.messages.append(error(name, "missing"))
            elif name not in _SKIPPED:
                try:
                    draft.values[name] = column.read(text)
                except CellError as wrong:
                    draft.messages.append(wrong.message(name))
        self._belonging(draft, texts.get("unit", ""), cells.words(texts.get("groups", "")))
        self._position(draft, texts)
        self._addresses(draft, texts)
        return draft

    def _belonging(self, draft: Draft, text: str, groups: tuple[str, ...]) -> None:
        known = {name: self._groups.get(cells.folded(name), "") for name in groups}
        for name, group_id in known.items():
            if not group_id:
                draft.messages.append(error("groups", "unknown_group", group=name[:60]))
        draft.groups = tuple(dict.fromkeys(group for group in known.values() if group))
        if not text:
            return
        try:
            unit = self._places.unit(text)
        except CellError as wrong:
            draft.messages.append(wrong.message("unit"))
            return
        if not self._scope.allows(unit.code, draft.groups):
            draft.messages.append(error("unit", "unit_out_of_scope", unit=unit.name_vi))
        draft.unit = unit

    def _position(self, draft: Draft, texts: Mapping[str, str]) -> None:
        lat, lon = texts.get("lat", ""), texts.get("lon", "")
        where = "lat"
        if not lat and not lon and texts.get("position"):
            where = "position"
            parts = cells.pair(texts["position"])
            if parts is None:
                draft.messages.append(error(where, "not_a_coordinate"))
                return
            lat, lon = parts
        if not lat and not lon:
            return
        if not lat or not lon:
            draft.messages.append(error(where, "position_incomplete"))
        read: list[float] = []
        for column, text in ((where, lat), ("lon" if where == "lat" else where, lon)):
            try:
                read += [cells.coordinate(text, 180.0)] if text else []
            except CellError as wrong:
                draft.messages.append(wrong.message(column))
        if len(read) < 2:
            return
        north, east = read
        if abs(north) > 90:
            swapped = abs(east) <= 90
            code = "position_swapped" if swapped else "not_a_coordinate"
            draft.messages.append(error(where, code))
            return
        draft.position = Position(lon=east, lat=north)
        if draft.unit is not None:
            draft.messages += self._places.findings(draft.unit, draft.position)

    def _addresses(self, draft: Draft, texts: Mapping[str, str]) -> None:
        given = self._credentials(draft, texts)
        inside = self._address(draft, "url", texts.get("url", ""))
        self._address(draft, "sub_url", texts.get("sub_url", ""))
        if inside is not None:
            code = "credentials_moved" if given is None else "credentials_twice"
            draft.messages.append(warning("url", code))
        draft.credentials = given or inside
        if draft.credentials is not None and self._weak(draft.credentials):
            draft.messages.append(warning("password", "weak_password"))
        self._sharing(draft, texts.get("credential", ""))

    def _sharing(self, draft: Draft, name: str) -> None:
        if not name:
            return
        shared = self._shared.get(cells.folded(name))
        if shared is None:
            draft.messages.append(error("credential", "unknown_credential", credential=name[:60]))
            return
        if draft.credentials is not None:
            draft.messages.append(error("credential", "credential_twice"))
        unit = draft.unit.code if draft.unit is not None else shared.unit_code
        if not shared.serves(unit, draft.groups):
            draft.messages.append(error("credential", "credential_scope", credential=name[:60]))
        if shared.weak:
            draft.messages.append(warning("credential", "weak_password"))
        draft.credential_id = shared.id

    def _address(self, draft: Draft, name: str, text: str) -> Credentials | None:
        if not text:
            return None
        try:
            accepted = self._policy.accept(text)
        except ForbiddenError:
            draft.messages.append(error(name, "url_forbidden"))
            return None
        except InvalidError as refused:
            reason = refused.message.partition(": ")[2]
            draft.messages.append(error(name, "url_refused", reason=reason))
            return None
        setattr(draft, name, accepted.url)
        return accepted.credentials

    def _credentials(self, draft: Draft, texts: Mapping[str, str]) -> Credentials | None:
        username, password = texts.get("username", ""), texts.get("password", "")
        if not username:
            if password:
                draft.messages.append(error("username", "password_without_user"))
            return None
        try:
            return check_credentials(Credentials(username, password))
        except CamhubError as wrong:
            draft.messages.append(error("username", "refused", reason=wrong.message))
            return None
