"""The columns that a file of cameras may have, their headings in two languages, and who is who."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from camera_registry.base.errors import InvalidError
from camera_registry.imports import cells
from camera_registry.imports.cells import folded
from camera_registry.model import CameraClass

CLASSES: dict[str, tuple[str, ...]] = {
    CameraClass.TRAFFIC: ("giao thông", "traffic", "nút giao", "đường phố"),
    CameraClass.PUBLIC_PLACE: ("nơi công cộng", "công cộng", "public place", "public", "an ninh"),
    CameraClass.COUNTER: ("quầy giao dịch", "quầy", "một cửa", "counter"),
    CameraClass.GATE: ("cổng", "lối ra vào", "gate", "door"),
    CameraClass.BUILDING: ("tòa nhà", "trụ sở", "building"),
    CameraClass.PARK: ("công viên", "park"),
    CameraClass.WATERWAY: ("kênh rạch", "sông", "đường thủy", "waterway"),
    CameraClass.OTHER: ("khác", "other"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a camera in a file.

    ``field`` is the stable name; ``read`` makes the value out of a text that is not empty and
    raises CellError. ``secret`` cells are never shown again.
    """

    field: str
    vi: str
    en: str
    example: str
    read: Callable[[str], object] = str
    required: bool = False
    secret: bool = False
    also: tuple[str, ...] = ()


def _within(least: float, most: float) -> Callable[[str], float]:
    return lambda text: cells.number(text, least, most)


COLUMNS: tuple[Column, ...] = (
    Column("name", "Tên camera", "Name", "Ngã tư Hàng Xanh – hướng Điện Biên Phủ", required=True,
           also=("tên", "camera", "camera name", "tên thiết bị")),
    Column("unit", "Phường/xã", "Unit", "26956", required=True,
           also=("mã phường", "phường", "xã", "đơn vị", "mã đơn vị", "ward", "commune",
                 "unit code", "ward code")),
    Column("url", "Địa chỉ RTSP", "RTSP URL", "rtsp://10.10.1.21:554/Streaming/Channels/101",
           required=True, also=("url", "rtsp", "luồng chính", "main stream", "link")),
    Column("username", "Tên đăng nhập", "User name", "viewer",
           also=("user", "username", "tài khoản", "login")),
    Column("password", "Mật khẩu", "Password", "", secret=True,
           also=("pass", "passwd", "pwd", "mk")),
    Column("credential", "Tài khoản dùng chung", "Shared log-in", "",
           also=("tài khoản chung", "đăng nhập chung", "shared login", "shared credential",
                 "credential")),
    Column("code", "Mã camera", "Code", "", also=("mã", "camera code", "mã hiệu")),
    Column("camera_class", "Loại", "Class", "giao thông",
           lambda text: cells.choice(text, CLASSES), also=("phân loại", "loại camera", "type")),
    Column("lat", "Vĩ độ", "Latitude", "10.80155", lambda text: cells.coordinate(text, 90.0),
           also=("lat", "vĩ tuyến")),
    Column("lon", "Kinh độ", "Longitude", "106.71115", lambda text: cells.coordinate(text, 180.0),
           also=("lon", "lng", "long", "kinh tuyến")),
    Column("position", "Tọa độ", "Coordinates", "",
           also=("toạ độ", "vị trí gps", "gps", "lat lon", "position")),
    Column("address", "Nơi lắp đặt", "Address", "1 Điện Biên Phủ",
           also=("địa chỉ", "địa điểm", "vị trí", "vị trí lắp đặt", "location", "địa chỉ lắp đặt")),
    Column("height_m", "Độ cao (m)", "Height (m)", "6", _within(0, 500),
           also=("độ cao", "chiều cao", "height")),
    Column("azimuth_deg", "Hướng nhìn (°)", "Azimuth (°)", "135", _within(0, 360),
           also=("hướng", "góc phương vị", "azimuth", "bearing", "heading")),
    Column("fov_deg", "Góc mở (°)", "Field of view (°)", "90", _within(1, 360),
           also=("góc nhìn", "fov", "field of view")),
    Column("view_m", "Tầm nhìn (m)", "Range of view (m)", "25", _within(0.1, 20_000),
           also=("tầm quan sát", "khoảng cách quan sát", "view distance", "distance")),
    Column("target_px_m", "Mật độ cần (px/m)", "Wanted density (px/m)", "125", _within(1, 10_000),
           also=("mật độ điểm ảnh", "mật độ", "pixel density", "px/m")),
    Column("owner", "Cơ quan quản lý", "Owner", "UBND phường Thạnh Mỹ Tây",
           also=("chủ sở hữu", "đơn vị quản lý", "agency", "owner agency")),
    Column("purpose", "Mục đích", "Purpose", "giám sát giao thông", also=("mục đích sử dụng",)),
    Column("make", "Hãng", "Make", "Hikvision",
           also=("hãng sản xuất", "nhà sản xuất", "manufacturer", "brand", "vendor")),
    Column("model", "Mẫu", "Model", "DS-2CD2T47", also=("model", "kiểu", "chủng loại")),
    Column("firmware", "Phần sụn", "Firmware", "", also=("firmware", "phiên bản")),
    Column("serial", "Số sê-ri", "Serial number", "", also=("serial", "sn", "s/n", "số serial")),
    Column("installed_on", "Ngày lắp", "Installed on", "2025-11-03", cells.date,
           also=("ngày lắp đặt", "installed", "installation date")),
    Column("checked_on", "Ngày kiểm tra", "Checked on", "", cells.date,
           also=("ngày khảo sát", "checked", "inspection date")),
    Column("sub_url", "Luồng phụ (RTSP)", "Sub stream (RTSP)",
           "rtsp://10.10.1.21:554/Streaming/Channels/102",
           also=("luồng phụ", "sub stream", "substream", "sub url")),
    Column("transport", "Giao vận", "Transport", "tcp",
           lambda text: cells.choice(text, {"tcp": ("tcp",), "udp": ("udp",)})),
    Column("retention_class", "Mức lưu trữ", "Retention class", "",
           also=("lưu trữ", "retention")),
    Column("sign_posted", "Có biển báo", "Sign posted", "có", cells.yes_or_no,
           also=("biển báo", "sign")),
    Column("tags", "Nhãn", "Tags", "cấp nước; mới", cells.words, also=("tag", "từ khóa")),
    Column("groups", "Nhóm", "Groups", "", cells.words, also=("nhóm camera", "group")),
    Column("enabled", "Bật", "Enabled", "có", cells.yes_or_no, also=("kích hoạt", "active")),
    Column("priority", "Ưu tiên (0–9)", "Priority (0–9)", "",
           lambda text: cells.whole(text, 0, 9), also=("ưu tiên", "priority")),
)  # fmt: skip
"""In the order of the template."""

BY_FIELD: Mapping[str, Column] = MappingProxyType({column.field: column for column in COLUMNS})


def guess(headings: Sequence[str]) -> dict[int, str]:
    """Return which column of a file holds which field, by the words of its headings.

    What is not recognised is left out. The first of two columns for one field counts.
    """
    names = {
        _bare(name): column.field
        for column in COLUMNS
        for name in (*reversed(column.also), column.en, column.vi, column.field)
    }
    found: dict[int, str] = {}
    for index, heading in enumerate(headings):
        field = names.get(_bare(heading))
        if field is not None and field not in found.values():
            found[index] = field
    return found


def checked(mapping: Mapping[int, str], headings: Sequence[str]) -> dict[int, str]:
    """Return a mapping that can be used. Raises InvalidError."""
    for index, field in mapping.items():
        if not 0 <= index < len(headings):
            raise InvalidError(f"mapping: there is no column {index}", code="mapping")
        if field not in BY_FIELD:
            raise InvalidError(
                f"mapping: there is no field {field[:40]!r}",
                hint="one of " + ", ".join(BY_FIELD),
                code="mapping",
            )
    if len(set(mapping.values())) != len(mapping):
        raise InvalidError("mapping: two columns hold the same field", code="mapping")
    missing = [c for c in COLUMNS if c.required and c.field not in mapping.values()]
    if missing:
        raise InvalidError(
            "The file lacks columns that are required: " + ", ".join(c.en for c in missing),
            hint="choose them among the columns of the file, or start from the template",
            code="columns_missing",
        )
    return dict(sorted(mapping.items()))


def _bare(heading: str) -> str:
    """Leave out marks, signs, what stands in brackets, and the star of a required column."""
    return " ".join(re.sub(r"\([^)]*\)|[^\w/ ]", " ", folded(heading).replace("_", " ")).split())
