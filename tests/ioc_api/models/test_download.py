"""Downloads against a real server on loopback; TLS is real in one test, elsewhere taken off."""

from __future__ import annotations

import hashlib
import http.client
import threading
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest

from analytics.model.catalogue import offer
from analytics.model.manifest import Model
from camera_registry.base.errors import CamhubError, ConfigError, InvalidError, UnavailableError
from ioc_api.compose.intake import fetch_offer
from ioc_api.models.download import download, https_opener
from ioc_api.settings import Settings
from tests.ioc_api.model_mirror_server import NANO, Mirror, model_mirror, nano

CONTENT = bytes(range(256)) * 4096


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/model.onnx")
            self.end_headers()
            return
        if self.path not in {"/model.onnx", "/cut", "/unsized"}:
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/unsized":
            self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/cut" else CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class Plain:
    """Opens https addresses without TLS on the test's server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def open(self, fullurl: str, data: None = None, timeout: float = 5) -> http.client.HTTPResponse:
        path = fullurl.removeprefix("https://models.test")
        answer: http.client.HTTPResponse = self._opener.open(
            f"http://127.0.0.1:{self._port}{path}", timeout=timeout
        )
        return answer


def fetch(port: int, path: str, max_bytes: int = 1 << 24) -> tuple[bytes, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    data = download(
        f"https://models.test{path}",
        max_bytes=max_bytes,
        opener=Plain(port),
        progress=lambda done, total: told.append((done, total)),
    )
    return data, told


def test_file_arrives_whole_and_progress_is_told(port: int) -> None:
    data, told = fetch(port, "/model.onnx")
    assert data == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    data, told = fetch(port, "/unsized")
    assert data == CONTENT
    assert told[-1] == (len(CONTENT), 0)


@pytest.mark.parametrize("path", ["/model.onnx", "/unsized"])
def test_file_beyond_the_limit_is_refused(port: int, path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        fetch(port, path, len(CONTENT) - 1)
    assert caught.value.code == "model_size"
    assert fetch(port, path, len(CONTENT))[0] == CONTENT


def test_broken_and_missing_files_are_said(port: int) -> None:
    with pytest.raises(UnavailableError, match="404"):
        fetch(port, "/none")
    with pytest.raises(UnavailableError):
        fetch(port, "/cut")


def test_progress_may_cancel(port: int) -> None:
    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(
            "https://models.test/model.onnx",
            max_bytes=1 << 24,
            opener=Plain(port),
            progress=cancel,
        )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/m", "file:///etc/passwd", "ftp://x/m", "data:,x", "HTTPS://x", ""]
)
def test_only_https_is_opened(url: str) -> None:
    with pytest.raises(InvalidError, match="HTTPS"):
        download(url, max_bytes=10, opener=https_opener())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/m", "file:///etc/passwd", "ftp://x/m", "data:,x"]
)
def test_opener_itself_knows_nothing_but_https(url: str) -> None:
    with pytest.raises(OSError, match="unknown url type"):
        https_opener().open(url, timeout=1)


def test_server_without_a_trusted_certificate_is_refused(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CamhubError) as caught:  # the server speaks no TLS
        download(f"https://127.0.0.1:{port}/model.onnx", max_bytes=10, opener=https_opener())
    assert caught.value.code == "model_download"
    assert isinstance(caught.value.__cause__, OSError)
    assert "SSL" in str(caught.value)


def test_redirection_away_from_tls_is_refused() -> None:
    from ioc_api.models.download import _OnlyHttps

    request = urllib.request.Request("https://models.test/moved")
    with pytest.raises(OSError, match="without TLS"):
        _OnlyHttps().redirect_request(
            request, BytesIO(), 302, "", HTTPMessage(), "http://models.test/m"
        )
    kept = _OnlyHttps().redirect_request(
        request, BytesIO(), 302, "", HTTPMessage(), "https://cdn.test/m"
    )
    assert kept is not None
    assert kept.full_url == "https://cdn.test/m"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    with model_mirror(tmp_path) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def from_mirror(mirror: Mirror, pinned: str = "") -> Model:
    settings = Settings(model_mirror=mirror.url)  # type: ignore[call-arg]
    return fetch_offer(settings, offer(NANO), pinned, https_opener(), lambda *_: None)


@pytest.mark.parametrize("how", ["", "redirect"])
def test_offer_comes_from_the_mirror_over_tls(mirror: Mirror, how: str) -> None:
    mirror.how = how
    model = from_mirror(mirror, hashlib.sha256(nano()).hexdigest())
    assert model.data == nano()
    assert model.manifest.inputs[0].shape == (1, 3, 416, 416)
    assert mirror.asked[0] == f"/models/{NANO}.onnx"
    assert len(mirror.asked) == (2 if how else 1)


@pytest.mark.parametrize(
    ("how", "code", "word"),
    [
        ("truncated", "model_download", "broke off"),
        ("missing", "model_download", "404"),
        ("redirect to plain", "model_download", "without TLS"),
        ("large", "model_size", "larger than"),
        ("other", "model_sha256", "pinned is"),
        ("page", "model_refused", "no ONNX file"),
    ],
)
def test_offer_that_does_not_come_as_it_should_is_refused(
    mirror: Mirror, how: str, code: str, word: str
) -> None:
    mirror.how = how
    if how == "missing":
        mirror.files.clear()
    if how == "large":
        mirror.files[NANO] = bytes(17 * 2**20)
    if how == "page":
        mirror.files[NANO] = b"<html>sign in first</html>"
    with pytest.raises(CamhubError, match=word) as caught:
        from_mirror(mirror, "0" * 64 if how == "other" else "")
    assert caught.value.code == code
