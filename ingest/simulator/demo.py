"""Unlike cameras for a demonstration: places, what is seen there, and how it is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from camera_registry.units import Units
from ingest.simulator.config import Auth, CameraConfig, Rate

_PASSWORD = "demo"  # noqa: S105 - of cameras that exist only on this machine


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """A simulated camera and how the registry is to know it. Position in degrees, WGS 84."""

    title: str
    unit_code: str
    lon: float
    lat: float
    config: CameraConfig


@dataclass(frozen=True, slots=True)
class _Place:
    title: str
    unit_code: str
    east: float  # degrees from the middle of the unit
    north: float
    scene: str
    rate: Rate = "vbr"
    auth: Auth = "none"


_PLACES = (
    _Place("Ngã tư Lê Lợi – Nguyễn Huệ", "26740", 0.001, 0.001, "traffic", auth="digest"),
    _Place("Quầy tiếp nhận hồ sơ – phường Bến Thành", "26743", 0.0, 0.0, "counter_queue"),
    _Place("Quảng trường trước chợ Bình Tây", "27367", 0.001, -0.001, "pedestrians"),
    _Place("Đại lộ Võ Văn Kiệt – ban đêm", "26758", -0.002, -0.001, "traffic_night"),
    _Place("Vòng xoay Hàng Xanh – trời mưa", "26956", 0.002, 0.002, "traffic_rain", auth="basic"),
    _Place("Hẻm 212 Nguyễn Trãi", "27301", -0.001, 0.002, "quiet"),
    _Place("Xa lộ Hà Nội – máy ảnh cũ, nhiễu", "26824", 0.003, -0.002, "traffic_noise"),
    _Place("Ngã sáu Cộng Hoà – luồng CBR", "26977", -0.001, -0.002, "traffic", "cbr", "digest"),
    _Place("Hẻm sau phố Bùi Viện – túi bỏ quên", "26743", -0.003, -0.002, "left_bag"),
    _Place("Quầy một cửa – phường Thủ Dầu Một", "25747", 0.0, 0.001, "counter_queue"),
    _Place("Quốc lộ 13 – Dĩ An, ban đêm", "25942", 0.002, 0.003, "traffic_night", "cbr"),
    _Place("Cổng kho sau – Nhà Bè", "27655", -0.003, 0.001, "quiet", auth="basic"),
    _Place("Cầu Thị Nghè – trời mưa", "26929", 0.001, -0.003, "traffic_rain"),
    _Place("Đường Trường Chinh – Tân Bình", "27004", 0.002, 0.0, "traffic"),
    _Place("Công viên bờ sông – Vũng Tàu", "26506", 0.004, 0.001, "pedestrians", "cbr"),
    _Place("Ngã ba Củ Chi – nhiễu", "27553", 0.001, 0.004, "traffic_noise", "cbr"),
)


def demo_cameras(
    count: int, *, width: int = 1280, height: int = 720, fps: int = 15
) -> tuple[DemoCamera, ...]:
    """Return ``count`` cameras at places in the city, each unlike its neighbours.

    Beyond sixteen the places come again under another number, with the pictures they had: what is
    rendered and kept on disk is bounded.
    """
    units = Units.load()
    cameras = []
    for index in range(count):
        lap, at = divmod(index, len(_PLACES))
        place = _PLACES[at]
        unit = units.get(place.unit_code)
        config = CameraConfig(
            name=f"cam{index + 1:02d}",
            source=place.scene,
            rate=place.rate,
            width=width,
            height=height,
            fps=fps,
            seed=at + 1,
        )
        if place.auth != "none":
            config = replace(config, auth=place.auth, username="demo", password=_PASSWORD)
        cameras.append(
            DemoCamera(
                title=place.title if lap == 0 else f"{place.title} ({lap + 1})",
                unit_code=place.unit_code,
                lon=round(unit.lon + place.east + lap * 0.0005, 6),
                lat=round(unit.lat + place.north + lap * 0.0005, 6),
                config=config,
            )
        )
    return tuple(cameras)
