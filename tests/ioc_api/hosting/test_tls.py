"""https: certificates of one's own, files that change, proxies in front, and a real browser."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import async_playwright

from camera_registry.adapters.bus_nats import NatsBus
from camera_registry.base.errors import ConfigError, ConflictError, InvalidError
from ioc_api.cli.main import main
from ioc_api.compose.http import serve
from ioc_api.hosting.certificates import TlsFiles, fingerprint_of, make_certificates
from ioc_api.hosting.edge import Edge
from ioc_api.hosting.forwarding import Forwarding
from ioc_api.hosting.tls import Tls, load_tls
from ioc_api.settings import Settings
from tests.ioc_api.hub import Hub, hub
from tests.tools import require
from wall_ui import assets

NOW = dt.datetime.now(dt.UTC)
NAMES = ["hub.test", "localhost", "127.0.0.1", "::1"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """Certificates for hub.test and this machine."""
    return make_certificates(tmp_path_factory.mktemp("tls"), NAMES, NOW)


def trusting(files: TlsFiles) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files.ca))


@asynccontextmanager
async def api_served(app: FastAPI, **settings: object) -> AsyncIterator[int]:
    """Serve an application as a role does; yields its port."""
    stop = asyncio.Event()
    given_ = Settings(**settings)  # type: ignore[arg-type]
    running = asyncio.create_task(serve(app, given_, stop))
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", given_.port)
            except OSError:
                assert not running.done(), running.exception()
                await asyncio.sleep(0.02)
                continue
            writer.close()
            break
    try:
        yield given_.port
    finally:
        stop.set()
        await running


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def edge_before(api: Hub, tls: Tls | None, trusted: list[str]) -> AsyncIterator[int]:
    """The hub as `camhub up` has it: an api behind the edge; yields the edge's port."""
    async with api_served(api.app, port=free_port(), trusted_proxies=("127.0.0.1",)) as port:
        backend = ("127.0.0.1", port)
        edge = Edge(backend, backend, tls=tls.context if tls else None, trusted=trusted)
        public = await edge.start("127.0.0.1", 0)
        try:
            yield public
        finally:
            await edge.stop()


async def test_a_client_that_trusts_the_authority_speaks_to_the_hub(
    api: Hub, files: TlsFiles
) -> None:
    tls = Tls(files.certificate, files.key)
    async with edge_before(api, tls, []) as port:
        async with httpx.AsyncClient(verify=trusting(files)) as client:
            answer = await client.get(f"https://localhost:{port}/api/v1/config")
        assert answer.status_code == 200
        headers = answer.headers
        assert headers["strict-transport-security"].startswith("max-age=")
        for name, words in {
            "content-security-policy": "default-src 'self'; script-src 'self'",
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "permissions-policy": "camera=()",
            "x-frame-options": "DENY",
        }.items():
            assert words in headers[name]
        async with httpx.AsyncClient() as stranger:
            with pytest.raises(httpx.ConnectError):
                await stranger.get(f"https://localhost:{port}/api/v1/config")
    assert tls.context.minimum_version >= ssl.TLSVersion.TLSv1_2


async def test_a_cookie_given_by_https_never_goes_by_http(api: Hub, files: TlsFiles) -> None:
    token = await api.deps.setup.create()
    body = {"token": token, "username": "root", "password": "five quiet herons"}
    async with (
        edge_before(api, Tls(files.certificate, files.key), []) as port,
        httpx.AsyncClient(verify=trusting(files)) as client,
    ):
        made = await client.post(f"https://localhost:{port}/api/v1/setup", json=body)
    assert made.status_code == 201, made.text
    assert "secure" in made.headers["set-cookie"].lower()


async def test_a_role_alone_serves_https_too(api: Hub, files: TlsFiles) -> None:
    pair = {"tls_cert": str(files.certificate), "tls_key": str(files.key)}
    async with api_served(api.app, port=free_port(), **pair) as port:
        async with httpx.AsyncClient(verify=trusting(files)) as client:
            answer = await client.get(f"https://127.0.0.1:{port}/api/v1/config")
        assert "strict-transport-security" in answer.headers
    async with api_served(api.app, port=free_port()) as port:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/api/v1/config")
        assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    ("trusted", "secure", "noted"),
    [(["127.0.0.0/8"], True, "192.0.2.7"), ([], False, "127.0.0.1")],
    ids=["named", "stranger"],
)
async def test_a_proxy_is_believed_only_where_it_is_named(
    api: Hub, trusted: list[str], secure: bool, noted: str
) -> None:
    said = {"X-Forwarded-For": "10.9.9.9, 192.0.2.7", "X-Forwarded-Proto": "https"}
    body = {"username": "nobody", "password": "wrong"}
    async with edge_before(api, None, trusted) as port, httpx.AsyncClient() as client:
        answer = await client.post(
            f"http://127.0.0.1:{port}/api/v1/session", json=body, headers=said
        )
    assert answer.status_code == 401
    assert ("strict-transport-security" in answer.headers) is secure
    [entry] = await api.deps.access.log.list(None, None, 5)
    assert entry.entry.address == noted


async def test_changed_files_serve_new_connections_and_broken_ones_change_nothing(
    api: Hub, tmp_path: Path
) -> None:
    first = make_certificates(tmp_path / "a", NAMES, NOW)
    second = make_certificates(tmp_path / "b", NAMES, NOW)
    tls = Tls(first.certificate, first.key)
    assert not tls.reload()
    async with edge_before(api, tls, []) as port:

        async def served() -> str:
            _, writer = await asyncio.open_connection(
                "localhost", port, ssl=_any(), server_hostname="localhost"
            )
            found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.close()
            return hashlib.sha256(found).hexdigest()

        before = await served()
        first.key.write_bytes(second.key.read_bytes())  # half of the change
        assert not tls.reload()
        assert await served() == before
        first.certificate.write_bytes(second.certificate.read_bytes())
        assert tls.reload()
        assert await served() == fingerprint_of(second.certificate).replace(":", "").lower()
        first.certificate.unlink()
        assert not tls.reload()
        assert await served() != before


def _any() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_wrong_files_are_said_in_one_line(tmp_path: Path, files: TlsFiles) -> None:
    other = make_certificates(tmp_path / "other", NAMES, NOW)
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    locked = tmp_path / "locked.key"
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
    )
    for certificate, its_key in (
        (files.certificate, other.key),
        (junk, files.key),
        (files.certificate, locked),
        (tmp_path / "missing", files.key),
    ):
        with pytest.raises(ConfigError, match="cannot be used") as caught:
            load_tls(str(certificate), str(its_key))
        assert "\n" not in str(caught.value)
    assert load_tls("", "") is None
    with pytest.raises(ConfigError, match="its key"):
        load_tls(str(files.certificate), "")


def test_the_command_makes_files_once_and_says_how_to_trust_them(tmp_path: Path) -> None:
    target = tmp_path / "tls"
    done = CliRunner().invoke(main, ["tls", "init", "wall.test", "10.1.2.3", "--dir", str(target)])
    assert done.exit_code == 0, done.output
    files = TlsFiles.within(target)
    assert fingerprint_of(files.ca) in done.output
    for key in (files.key, files.ca_key):
        assert key.stat().st_mode & 0o777 == 0o600
    leaf = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"wall.test", "localhost"} <= set(names.get_values_for_type(x509.DNSName))
    assert "10.1.2.3" in map(str, names.get_values_for_type(x509.IPAddress))
    before = files.key.read_bytes()
    again = CliRunner().invoke(main, ["tls", "init", "--dir", str(target)])
    assert again.exit_code == 65
    assert files.key.read_bytes() == before


def test_the_authority_may_sign_for_the_given_names_only(files: TlsFiles) -> None:
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = constraints.value.permitted_subtrees
    assert permitted is not None
    assert {str(each.value) for each in permitted} == {
        "hub.test",
        "localhost",
        "127.0.0.1/32",
        "::1/128",
    }


@pytest.mark.parametrize("names", [[], ["a b"], ["*.test"], ["-a"], ["a\nb"], ["ă.test"]])
def test_what_is_no_name_gets_no_certificate(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(InvalidError):
        make_certificates(tmp_path / "tls", names, NOW)
    assert not (tmp_path / "tls").exists()


def test_nothing_is_written_where_one_of_the_files_is_there(tmp_path: Path) -> None:
    (tmp_path / "server.key").write_text("mine")
    with pytest.raises(ConflictError):
        make_certificates(tmp_path, NAMES, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["server.key"]


@given(
    st.lists(st.sampled_from([b"10.0.0.1", b"10.0.0.2", b"192.0.2.1", b"junk", b"\xff"])),
    st.sampled_from(["10.0.0.9", "192.0.2.9", "", "::ffff:10.0.0.9"]),
    st.sampled_from([b"https", b"http", b"", b"gopher"]),
)
def test_only_what_trusted_proxies_say_counts(hops: list[bytes], peer: str, proto: bytes) -> None:
    client, scheme = Forwarding(["10.0.0.0/8"], b"http").of(peer, hops, proto)
    assert scheme in (b"http", b"https")
    if "10.0.0.9" not in peer:
        assert (client, scheme) == (peer, b"http")
        return
    # everything nearer than the client is a trusted proxy
    told = hops[len(hops) - hops[::-1].index(client.encode()) :] if client != peer else []
    assert all(hop.startswith(b"10.") for hop in told)


@pytest.mark.browser
@pytest.mark.timeout(600)
async def test_webcodecs_needs_and_gets_a_secure_context_off_localhost(
    tmp_path: Path, bus: NatsBus, files: TlsFiles, engine: str
) -> None:
    require("chromium")
    leaf = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    spki = leaf.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    known = base64.b64encode(hashlib.sha256(spki).digest()).decode()
    ask = "() => [window.isSecureContext, typeof VideoDecoder]"
    async with hub(tmp_path, bus, wall=assets.directory()) as api, async_playwright() as started:
        browser = await started.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--host-resolver-rules=MAP hub.test 127.0.0.1",
                f"--ignore-certificate-errors-spki-list={known}",
            ],
        )
        seen = []
        for tls in (Tls(files.certificate, files.key), None):
            async with edge_before(api, tls, []) as port:
                page = await browser.new_page()
                await page.goto(f"{'https' if tls else 'http'}://hub.test:{port}/")
                seen.append(await page.evaluate(ask))
                await page.close()
        await browser.close()
    assert seen == [[True, "function"], [False, "undefined"]]
