"""What is said about a cell, in Vietnamese and English. A code is stable; its words may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from camera_registry.language import say


class Level(StrEnum):
    """An error keeps a row out; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Message:
    """One finding in one cell: ``field`` is the camera's, ``code`` one of ``WORDS``.

    ``values`` is what the words leave open.
    """

    field: str
    code: str
    level: Level = Level.ERROR
    values: tuple[tuple[str, str], ...] = ()

    def words(self, language: str) -> str:
        """Return the sentence in ``vi`` or ``en``."""
        vi, en = WORDS[self.code]
        values = dict(self.values)
        if "reason" in values:  # a refusal of ours, as the registry has told it
            values["reason"] = say(values["reason"], language)
        return (en if language == "en" else vi).format_map(values)


class CellError(ValueError):
    """A cell cannot be read as what its column holds."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def message(self, field: str) -> Message:
        """Return it as a finding in the cell of ``field``."""
        return Message(field, self.code, Level.ERROR, tuple(self.values.items()))


def warning(field: str, code: str, **values: str) -> Message:
    """Return a finding that keeps nothing out."""
    return Message(field, code, Level.WARNING, tuple(values.items()))


def error(field: str, code: str, **values: str) -> Message:
    """Return a finding that keeps the row out."""
    return Message(field, code, Level.ERROR, tuple(values.items()))


WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "missing": ("Thiếu giá trị bắt buộc", "A value is required"),
        "not_a_number": ("Không phải là số", "Not a number"),
        "out_of_range": (
            "Phải từ {least} đến {most}",
            "Must be between {least} and {most}",
        ),
        "not_a_date": (
            "Không phải ngày; ghi như 2026-03-31 hoặc 31/03/2026",
            "Not a date; write it like 2026-03-31 or 31/03/2026",
        ),
        "not_yes_or_no": ("Ghi “có” hoặc “không”", "Write “yes” or “no”"),
        "not_a_choice": ("Chọn một trong: {choices}", "Choose one of: {choices}"),
        "not_a_coordinate": (
            "Không phải tọa độ; ghi như 10.7769 hoặc 10°46'37\"N",
            "Not a coordinate; write it like 10.7769 or 10°46'37\"N",
        ),
        "position_incomplete": (
            "Cần cả vĩ độ và kinh độ",
            "Latitude and longitude are both needed",
        ),
        "position_swapped": (
            "Vĩ độ và kinh độ có vẻ bị đổi chỗ",
            "Latitude and longitude seem to be swapped",
        ),
        "position_outside_unit": (
            "Điểm nằm ngoài {unit}, cách ranh giới {distance}",
            "The point lies outside {unit}, {distance} from its boundary",
        ),
        "position_far_from_unit": (
            "Điểm cách tâm {unit} {distance}",
            "The point lies {distance} from the centre of {unit}",
        ),
        "unknown_unit": (
            "Không có đơn vị này; gần giống: {nearest}",
            "There is no such unit; nearest: {nearest}",
        ),
        "ambiguous_unit": (
            "Có nhiều đơn vị cùng tên: {nearest}; ghi mã năm chữ số",
            "Several units have this name: {nearest}; write the five-digit code",
        ),
        "unit_out_of_scope": (
            "Bạn không có quyền thêm camera ở {unit}",
            "You may not add cameras in {unit}",
        ),
        "unknown_credential": (
            "Không có tài khoản dùng chung “{credential}” mà bạn được dùng",
            "There is no shared log-in “{credential}” that you may use",
        ),
        "credential_twice": (
            "Chỉ ghi tài khoản riêng hoặc tài khoản dùng chung, không ghi cả hai",
            "Give a log-in of its own or a shared one, not both",
        ),
        "credential_scope": (
            "Tài khoản dùng chung “{credential}” không dành cho đơn vị hoặc nhóm này",
            "The shared log-in “{credential}” is not for this unit or group",
        ),
        "unknown_group": ("Không có nhóm “{group}”", "There is no group “{group}”"),
        "refused": ("Không được chấp nhận: {reason}", "Not accepted: {reason}"),
        "url_refused": (
            "Không dùng được: {reason} (ghi ví dụ rtsp://10.1.2.3:554/stream1)",
            "Cannot be used: {reason} (write for example rtsp://10.1.2.3:554/stream1)",
        ),
        # in rows that were checked by an earlier camhub
        "url_invalid": (
            "Địa chỉ không dùng được; ghi như rtsp://10.1.2.3:554/stream1",
            "The address cannot be used; write it like rtsp://10.1.2.3:554/stream1",
        ),
        "url_forbidden": (
            "Mạng của địa chỉ này không được phép",
            "The network of this address is not allowed",
        ),
        "password_without_user": (
            "Có mật khẩu nhưng thiếu tên đăng nhập",
            "There is a password but no user name",
        ),
        "credentials_moved": (
            "Tên đăng nhập và mật khẩu trong địa chỉ đã được chuyển vào két mật",
            "The user name and password in the address were moved into the vault",
        ),
        "credentials_twice": (
            "Mật khẩu có cả trong địa chỉ và trong cột riêng; cột riêng được dùng",
            "Credentials stand in the address and in their own columns; the columns count",
        ),
        "secret_blotted": (
            "Mật khẩu đã bị che trong tệp này; hãy nhập lại",
            "The password was blotted out in this file; enter it again",
        ),
        "weak_password": (
            "Mật khẩu mặc định của hãng hoặc quá yếu; hãy đổi trên camera",
            "A factory-default or weak password; change it in the camera",
        ),
        "not_registered": (
            "Không được đăng ký trong vòng một ngày; hãy tải dòng này lên lại",
            "Not registered within a day; upload this row again",
        ),
        "duplicate_in_file": (
            "Trùng với dòng {row} của tệp này",
            "The same as in row {row} of this file",
        ),
        "duplicate_of_camera": (
            "Trùng với camera “{camera}” đã đăng ký",
            "The same as the registered camera “{camera}”",
        ),
        "duplicate_elsewhere": (
            "Trùng với một camera đã đăng ký ngoài phạm vi của bạn",
            "The same as a registered camera outside your area",
        ),
        "same_place_and_view": (
            "Cách {other} chưa tới {metres} m và cùng hướng nhìn",
            "Less than {metres} m from {other}, with the same azimuth",
        ),
        "same_place": (
            "Cách {other} chưa tới {metres} m; ghi hướng nhìn để phân biệt",
            "Less than {metres} m from {other}; give the azimuths to tell them apart",
        ),
    }
)
