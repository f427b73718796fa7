"""A log-in goes to the host of the stream: however an address is written, no other host passes."""

from __future__ import annotations

import pytest

from camera_registry.details import Capabilities, Details
from camera_registry.device_host import at_one_host, device_elsewhere
from camera_registry.model import Camera


def camera(url: str, onvif_url: str) -> Camera:
    details = Details(capabilities=Capabilities(onvif_url=onvif_url))
    return Camera("1", "Cổng", "25747", url, details=details)


@pytest.mark.parametrize(
    ("stream", "service"),
    [
        ("rtsp://10.1.2.3/s", ""),
        ("rtsp://10.1.2.3/s", "http://10.1.2.3/onvif"),
        ("rtsp://10.1.2.3:8554/s", "https://10.1.2.3:8443/onvif"),
        ("rtsp://CAM.City/s", "http://cam.CITY/onvif"),
        ("rtsp://[2001:db8::1]:554/s", "http://[2001:DB8::1]/onvif"),
        ("rtsp://cam.city./s", "http://cam.city.:80/onvif"),
        ("rtsp://cam.city/s", "http://other.city@cam.city/onvif"),
    ],
)
def test_a_service_at_the_streams_host_is_the_cameras_own(stream: str, service: str) -> None:
    assert device_elsewhere(camera(stream, service)) == ""


@pytest.mark.parametrize(
    ("stream", "service", "host"),
    [
        ("rtsp://10.1.2.3/s", "http://10.1.2.30/onvif", "10.1.2.30"),
        ("rtsp://10.1.2.3/s", "http://10.1.2.4/10.1.2.3", "10.1.2.4"),
        ("rtsp://cam.city/s", "http://cam.city@evil.example/onvif", "evil.example"),
        ("rtsp://cam.city/s", "http://cam.city:80@evil.example:80/onvif", "evil.example"),
        ("rtsp://cam.city/s", "http://evil.example#@cam.city/onvif", "evil.example"),
        ("rtsp://cam.city/s", "http://evil.example?@cam.city/onvif", "evil.example"),
        ("rtsp://cam.city/s", "http://cam.city.evil.example/onvif", "cam.city.evil.example"),
        # to a resolver with search domains these can be two machines
        ("rtsp://cam.city/s", "http://cam.city./onvif", "cam.city."),
        ("rtsp://[2001:db8::1]/s", "http://[2001:db8::2]/onvif", "2001:db8::2"),
        # one address written in two ways: rather refused than guessed
        ("rtsp://[2001:db8::1]/s", "http://[2001:db8:0::1]/onvif", "2001:db8:0::1"),
        ("rtsp://[::ffff:10.1.2.3]/s", "http://10.1.2.3/onvif", "10.1.2.3"),
        ("rtsp://cam.city/s", "http://[2001:db8::1/onvif", "?"),
        ("rtsp://cam.city/s", "http:///onvif", "?"),
        ("rtsp://cam.city/s", "cam.city", "?"),
        ("rtsp://cam.city/s", "http://:80/onvif", "?"),
        ("", "http:///onvif", "?"),
        ("", "http://10.1.2.3/onvif", "10.1.2.3"),
    ],
)
def test_no_other_host_passes(stream: str, service: str, host: str) -> None:
    assert device_elsewhere(camera(stream, service)) == host


def test_addresses_without_a_host_are_at_none() -> None:
    assert at_one_host("rtsp://10.1.2.3/a", "http://10.1.2.3:81/b")
    assert not at_one_host("", "")
    assert not at_one_host("http://[::1", "http://[::1")
