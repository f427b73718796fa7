from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulator.auth import Authenticator, digest_response, parse_parameters

URL = "rtsp://127.0.0.1:554/cam"


def test_digest_agrees_with_the_example_of_rfc_2617() -> None:
    parameters = {
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
    }
    assert (
        digest_response("Mufasa", "Circle Of Life", "GET", parameters)
        == "6629fae49393a05397450978507c4ef1"
    )


def digest_header(authenticator: Authenticator, password: str, method: str = "PLAY") -> str:
    given = parse_parameters(authenticator.challenge("digest").removeprefix("Digest "))
    given["uri"] = URL
    proof = digest_response("u", password, method, given)
    pairs = {**given, "username": "u", "response": proof}
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in pairs.items())


def test_digest() -> None:
    authenticator = Authenticator()
    good = digest_header(authenticator, "pw")
    assert authenticator.accepts("digest", "u", "pw", "PLAY", URL, good)
    assert not authenticator.accepts("digest", "u", "pw", "SETUP", URL, good)
    assert not authenticator.accepts("digest", "u", "other", "PLAY", URL, good)
    assert not authenticator.accepts("digest", "u", "pw", "PLAY", URL + "2", good)
    assert not authenticator.accepts("basic", "u", "pw", "PLAY", URL, good)


def test_a_nonce_belongs_to_its_connection() -> None:
    header = digest_header(Authenticator(), "pw")
    assert not Authenticator().accepts("digest", "u", "pw", "PLAY", URL, header)


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("Basic " + base64.b64encode("u:mật khẩu".encode()).decode(), True),
        ("Basic " + base64.b64encode(b"u:wrong").decode(), False),
        ("Basic !!!", False),
        ("Basic", False),
        ("", False),
    ],
)
def test_basic(header: str, accepted: bool) -> None:
    assert Authenticator().accepts("basic", "u", "mật khẩu", "PLAY", URL, header) is accepted


@given(st.text(max_size=300), st.sampled_from(["basic", "digest"]))
def test_no_header_is_accepted_by_chance(header: str, scheme: str) -> None:
    authenticator = Authenticator()
    for text in (header, f"{scheme} {header}"):
        assert not authenticator.accepts(scheme, "u", "pw", "PLAY", URL, text)  # type: ignore[arg-type]


def test_none_asks_for_nothing() -> None:
    assert Authenticator().accepts("none", "", "", "PLAY", URL, "")
