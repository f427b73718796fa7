"""What is found, in Vietnamese and English. A code is stable; its words may change."""

from __future__ import annotations

from types import MappingProxyType

from camera_registry.quality.model import Finding

WORDS = MappingProxyType(
    {
        "outside": (
            "Vị trí nằm ngoài đơn vị {metres} m",
            "The position lies {metres} m outside its unit",
        ),
        "no_position": ("Chưa có vị trí", "There is no position"),
        "no_polygon": (
            "Chưa nạp ranh giới của đơn vị",
            "The boundary of the unit is not loaded",
        ),
        "clock": (
            "Đồng hồ camera lệch {seconds} giây (cho phép {most})",
            "The camera's clock is off by {seconds} s ({most} allowed)",
        ),
        "no_clock": (
            "Chưa đo được đồng hồ camera",
            "The camera's clock has not been measured",
        ),
        "stream": (
            "Luồng đo được khác khai báo: {difference}",
            "The stream is not as declared: {difference}",
        ),
        "no_stream": (
            "Chưa đo luồng, hoặc chưa khai báo luồng",
            "The stream has not been measured, or not been declared",
        ),
        "density": (
            "Mật độ {has} điểm ảnh/m, cần {wanted} (DORI: {dori}, IEC 62676-4: {level})",
            "{has} pixels per metre, {wanted} wanted (DORI: {dori}, IEC 62676-4: {level})",
        ),
        "no_density": (
            "Thiếu góc nhìn, khoảng cách, mật độ cần hoặc kích thước ảnh",
            "Field of view, distance, density wanted or picture size is missing",
        ),
        "missing": ("Thiếu: {label}", "Missing: {label}"),
        "double_url": (
            "Camera khác có cùng địa chỉ luồng",
            "Another camera has the same stream address",
        ),
        "double_serial": (
            "Camera khác có cùng số sê-ri",
            "Another camera has the same serial number",
        ),
        "double_position": (
            "Camera khác ở cùng chỗ, cùng hướng nhìn",
            "Another camera hangs in the same place with the same view",
        ),
        "code": (
            "Mã “{code}” không theo quy tắc đặt mã",
            "The code “{code}” does not follow the naming scheme",
        ),
        "disabled": (
            "Camera đang tắt trong sổ đăng ký",
            "The camera is switched off in the register",
        ),
        "no_history": (
            "Chưa có lịch sử tình trạng trong 24 giờ qua",
            "Nothing is known of its state in the last 24 hours",
        ),
        "dead": (
            "Không có hình mới trong 24 giờ qua",
            "No fresh picture in the last 24 hours",
        ),
        "gaps": (
            "Chỉ có hình mới {percent}% của 24 giờ qua",
            "Fresh pictures in only {percent}% of the last 24 hours",
        ),
        "name": (
            "Tên không theo chuẩn hoặc không nói lên điều gì",
            "The name is not within the standard or says nothing",
        ),
        "unit": ("Đơn vị không có trong danh mục", "The unit is not in the list"),
        "codec": (
            "Chuẩn nén {codec} không thuộc bộ chuẩn",
            "The codec {codec} is not within the standard",
        ),
        "no_codec": ("Chưa biết chuẩn nén", "The codec is not known"),
        "young": (
            "Vừa đăng ký, chưa thể đánh giá việc dùng chung",
            "Registered too lately to judge its use",
        ),
        "unused_wall": (
            "Chưa ai xem trên tường camera trong 30 ngày qua",
            "Nobody has watched it on the wall in the last 30 days",
        ),
        "unused_events": (
            "Không có sự kiện nào trong 30 ngày qua",
            "It has told of no event in the last 30 days",
        ),
        "unused_systems": (
            "Chưa hệ thống nào khác đọc camera này trong 30 ngày qua",
            "No other system has read it in the last 30 days",
        ),
    }
)
"""Code to words, Vietnamese first."""

FIELDS = MappingProxyType(
    {
        "position": ("vị trí", "position"),
        "address": ("địa chỉ", "address"),
        "owner": ("cơ quan sở hữu", "owner"),
        "purpose": ("mục đích", "purpose"),
        "make": ("hãng sản xuất", "make"),
        "model": ("kiểu máy", "model"),
        "serial": ("số sê-ri", "serial number"),
        "firmware": ("phần mềm", "firmware"),
        "installed_on": ("ngày lắp đặt", "date of installation"),
        "checked_on": ("ngày kiểm tra", "date of the last check"),
        "sign_posted": ("biển thông báo", "whether a sign is posted"),
        "height_m": ("độ cao lắp đặt", "height"),
        "azimuth_deg": ("hướng nhìn", "azimuth"),
        "fov_deg": ("góc nhìn", "field of view"),
        "view_m": ("khoảng cách quan sát", "distance of view"),
        "target_px_m": ("mật độ điểm ảnh cần có", "pixel density wanted"),
        "tags": ("nhãn", "tags"),
        "groups": ("nhóm camera", "camera groups"),
        "credentials": ("tài khoản đăng nhập camera", "log-in"),
    }
)


def words(finding: Finding, language: str) -> str:
    """Return a finding in words; ``language`` is ``vi``, or else English."""
    index = 0 if language == "vi" else 1
    label = FIELDS.get(finding.field, (finding.field, finding.field))[index]
    return WORDS[finding.code][index].format_map({"label": label, **dict(finding.values)})
