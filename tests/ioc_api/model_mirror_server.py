"""A mirror of models that speaks TLS, and fails in every way that a test wants."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from analytics.model.manifest import TensorSpec
from tests.analytics.graphs import constant_graph

NANO = "yolox-nano"


def nano(objectness: float = 1.0) -> bytes:
    """Return a file in the form of YOLOX-nano that sees one person, whatever it looks at."""
    rows = np.zeros((1, 3549, 85), np.float32)
    rows[0, 1300, :6] = (0.5, 0.5, 3.0, 3.0, objectness, 0.9)
    return constant_graph({"output": rows}, (TensorSpec("images", "float32", (1, 3, 416, 416)),))


class Mirror:
    """Files under ``/models/NAME.onnx``; ``how`` says what goes wrong with them."""

    def __init__(self, url: str, certificate: Path) -> None:
        self.url = url
        self.certificate = certificate
        self.files: dict[str, bytes] = {NANO: nano()}
        self.how = ""
        self.asked: list[str] = []
        self.began = threading.Event()
        self.go_on = threading.Event()

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to fetch from here, and from nowhere else."""
        gone = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
        return {
            "SSL_CERT_FILE": str(self.certificate),
            "no_proxy": "127.0.0.1",
            **dict.fromkeys(gone, ""),
        }


def _answer(mirror: Mirror, request: BaseHTTPRequestHandler) -> None:
    mirror.asked.append(request.path)
    content = mirror.files.get(Path(request.path).stem)
    if content is None:
        request.send_error(404)
        return
    if mirror.how in {"redirect", "redirect to plain"} and not request.path.startswith("/moved"):
        base = mirror.url.removesuffix("/models")
        base = base.replace("https", "http") if mirror.how != "redirect" else base
        request.send_response(302)
        request.send_header("Location", f"{base}/moved/{Path(request.path).name}")
        request.end_headers()
        return
    request.send_response(200)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    half = len(content) // 2
    request.wfile.write(content[:half])
    request.wfile.flush()
    mirror.began.set()
    if mirror.how == "truncated":
        return
    if mirror.how == "slow":
        mirror.go_on.wait(60)
    request.wfile.write(content[half:])


@contextmanager
def model_mirror(directory: Path) -> Iterator[Mirror]:
    """Serve until the end of the block."""
    key_file, certificate = _certificate(directory)

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                _answer(mirror, self)
            except OSError:
                self.close_connection = True  # the client went away, as some tests want

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key_file)
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        mirror = Mirror(f"https://127.0.0.1:{server.server_address[1]}/models", certificate)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield mirror
        finally:
            mirror.go_on.set()
            server.shutdown()
            thread.join()


def _certificate(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mirror")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    key_file, certificate = directory / "mirror.key", directory / "mirror.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return key_file, certificate
