"""The URL policy: what is let through, what is refused, and that no password is ever repeated."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_registry.base.errors import CamhubError, ConfigError, ForbiddenError, InvalidError
from camera_registry.model import Credentials
from camera_registry.urls import UrlPolicy

POLICY = UrlPolicy()
LOOPBACK = UrlPolicy.parse(["127.0.0.0/8", "::1/128", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("rtsp://10.1.2.3/stream1", "rtsp://10.1.2.3/stream1"),
        ("RTSP://Camera-7.Example:554/A/b?x=1&y=2", "rtsp://camera-7.example/A/b?x=1&y=2"),
        ("rtsps://10.1.2.3:322/", "rtsps://10.1.2.3/"),
        ("rtsp://10.1.2.3:8554/a%20b", "rtsp://10.1.2.3:8554/a%20b"),
        ("rtsp://[2001:DB8::7]:8554/x", "rtsp://[2001:db8::7]:8554/x"),
        ("rtsp://10.1.2.3/ngã-tư", "rtsp://10.1.2.3/ng%C3%A3-t%C6%B0"),
        ("rtsp://10.1.2.3/a%40b?bypass=1", "rtsp://10.1.2.3/a%40b?bypass=1"),
        (
            "rtsp://10.1.2.3/user=admin_password=_channel=1_stream=0.sdp",
            "rtsp://10.1.2.3/user=admin_password=_channel=1_stream=0.sdp",
        ),
    ],
)
def test_a_good_url_is_normalised(text: str, url: str) -> None:
    accepted = POLICY.accept(text)
    assert accepted.url == url
    assert accepted.credentials is None
    assert POLICY.accept(url).url == url


def test_credentials_are_taken_out_and_decoded() -> None:
    accepted = POLICY.accept("rtsp://admin:p%40ss%3Aw%2Frd@10.1.2.3:554/s")
    assert accepted.url == "rtsp://10.1.2.3/s"
    assert accepted.credentials == Credentials("admin", "p@ss:w/rd")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.1.2.3",
        "http://10.1.2.3/",
        "file:///etc/passwd",
        "rtsp://",
        "rtsp:///x",
        "rtsp://10.1.2.3:0/",
        "rtsp://10.1.2.3:70000/",
        "rtsp://10.1.2.3:abc/",
        "rtsp://10.1.2.3/a b",
        "rtsp://10.1.2.3/a\r\nSETUP",
        "rtsp://10.1.2.3/a\x00",
        "rtsp://10.1.2.3/#x",
        "rtsp://[10.1.2.3/",
        "rtsp://-camera/",
        "rtsp://a..b/",
        "rtsp://127.1/",
        "rtsp://2130706433/",
        "rtsp://0x7f.0x1/",
        "rtsp://10.1.2.3/" + "a" * 3000,
        "rtsp://:geheim@10.1.2.3/",
        "rtsp://%ff:geheim@10.1.2.3/",
        "rtsp://u:geheim%0a@10.1.2.3/",
        "rtsp://10.1.2.3/live?user=admin&password=geheim",
        "rtsp://10.1.2.3/user=admin&password=geheim&channel=1",
        "rtsp://10.1.2.3/user=admin_password=geheim_channel=1_stream=0.sdp",
        "rtsp://10.1.2.3/live?user=admin&userPassword=geheim",
        "rtsp://10.1.2.3/live?usr=admin&psw=geheim",
        "rtsp://10.1.2.3/live?%70assword=geheim",
        "rtsp://10.1.2.3/live?password=_geheim",
        "rtsp://admin:12/geheim@10.1.2.3/s",
        "rtsp://admin:12?geheim@10.1.2.3/s",
        "rtsp://u:geheim@10.1.2.3:99999/",
    ],
)
def test_a_bad_url_is_refused_in_one_line_without_its_password(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        POLICY.accept(text)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.9.9.9",
        "localhost",
        "LOCALHOST.",
        "cam.localhost",
        "[::1]",
        "[::]",
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "[fe80::1]",
        "224.0.0.1",
        "[ff02::1]",
        "255.255.255.255",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
    ],
)
def test_networks_that_no_camera_is_in_are_refused(host: str) -> None:
    with pytest.raises(ForbiddenError, match="not allowed"):
        POLICY.accept(f"rtsp://u:geheim@{host}/")


def test_a_list_of_networks_replaces_the_default() -> None:
    for host in ("127.0.0.1", "localhost", "[::1]", "10.2.3.4", "camera.example"):
        LOOPBACK.accept(f"rtsp://{host}/")
    for host in ("192.168.1.1", "169.254.169.254", "[2001:db8::1]"):
        with pytest.raises(ForbiddenError):
            LOOPBACK.accept(f"rtsp://{host}/")
    assert not LOOPBACK.permits("fe80::1%eth0")
    assert not LOOPBACK.permits("nonsense")


def test_a_setting_that_is_no_network_is_named() -> None:
    with pytest.raises(ConfigError, match=r"10\.0\.0\.1/8"):
        UrlPolicy.parse(["10.0.0.1/8"])


printable = st.text(
    st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc")), min_size=1, max_size=30
)


@given(printable.filter(lambda text: ":" not in text), printable)
def test_percent_coded_credentials_come_out_as_they_went_in(username: str, password: str) -> None:
    text = f"rtsp://{quote(username, safe='')}:{quote(password, safe='')}@10.0.0.9/x"
    if not text.isprintable():
        return
    assert POLICY.accept(text).credentials == Credentials(username, password)


@given(st.text(max_size=80), st.sampled_from(["", "rtsp://", "rtsp://u:p@", "rtsp://10.0.0.1/"]))
def test_whatever_is_accepted_is_safe_and_stable(tail: str, head: str) -> None:
    try:
        accepted = POLICY.accept(head + tail)
    except CamhubError:
        return
    parts = urlsplit(accepted.url)
    assert parts.scheme in ("rtsp", "rtsps")
    assert accepted.url.isascii()
    assert accepted.url.isprintable()
    assert "@" not in parts.netloc
    assert POLICY.accept(accepted.url).url == accepted.url


def test_loopback_is_let_in_only_where_it_is_said() -> None:
    open_to_itself = UrlPolicy.parse([], loopback=True)
    assert open_to_itself.permits("127.0.0.1")
    assert open_to_itself.permits("::1")
    assert not open_to_itself.permits("169.254.169.254")
    assert not UrlPolicy.parse([]).permits("127.0.0.1")
    only_ten = UrlPolicy.parse(["10.0.0.0/8"], loopback=True)
    assert only_ten.permits("127.0.0.1")
    assert not only_ten.permits("192.168.0.1")
