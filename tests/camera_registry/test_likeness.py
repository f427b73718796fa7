"""Which registered camera a device is, and which it is not."""

from __future__ import annotations

import pytest

from camera_registry.base.errors import CamhubError, InvalidError
from camera_registry.likeness import LikelyCamera, Traits, registered_as
from camera_registry.urls import UrlPolicy

FIRST = LikelyCamera("1", "first", "25747", "rtsp://10.1.2.3/1", serial="A")
SECOND = LikelyCamera(
    "2", "second", "25747", "rtsp://10.1.2.3/2", "B", "http://10.1.2.3/onvif", "urn:uuid:2"
)


@pytest.mark.parametrize(
    ("device", "camera"),
    [
        (Traits("10.1.2.3"), FIRST),
        (Traits("10.1.2.3", serial="B"), SECOND),
        (Traits("10.9.9.9", endpoint_id="urn:uuid:2"), SECOND),
        (Traits("10.1.2.3", urls=("rtsp://10.1.2.3/2",)), SECOND),
        (Traits("10.1.2.3", onvif_url="http://10.1.2.3/onvif"), SECOND),
        (Traits("10.1.2.4"), None),
        (Traits("10.1.2.30"), None),
        (Traits("", serial="", endpoint_id=""), None),
    ],
)
def test_the_surest_sign_counts(device: Traits, camera: LikelyCamera | None) -> None:
    assert registered_as(device, [FIRST, SECOND]) == camera
    assert registered_as(device, []) is None


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ("10.1.2.3", "http://10.1.2.3/onvif/device_service"),
        ("10.1.2.3:8080", "http://10.1.2.3:8080/onvif/device_service"),
        ("https://cam.example/", "https://cam.example/onvif/device_service"),
        ("http://10.1.2.3/onvif/dev", "http://10.1.2.3/onvif/dev"),
    ],
)
def test_a_host_suffices_for_a_device(given: str, accepted: str) -> None:
    assert UrlPolicy().accept_device(given) == accepted


@pytest.mark.parametrize(
    "given", ["", "http://", "ftp://10.1.2.3/", "http://u:p@10.1.2.3/", "10.1.2.3 x", "127.0.0.1"]
)
def test_what_is_no_device(given: str) -> None:
    with pytest.raises(CamhubError):
        UrlPolicy().accept_device(given)


@pytest.mark.parametrize("given", ["ftp://10.1.2.3/", "FILE:///etc/passwd", "://10.1.2.3"])
def test_another_scheme_is_told_which_there_are(given: str) -> None:
    with pytest.raises(InvalidError, match=r"rtsp:// for a stream or http:// for a device"):
        UrlPolicy().accept_device(given)
