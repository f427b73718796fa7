"""The server's own certificate: loaded, checked, and loaded again when its files change."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog
from cryptography import x509
from prometheus_client import Gauge

from camera_registry.base.clock import Clock
from camera_registry.base.errors import ConfigError

log = structlog.get_logger(__name__)

EXPIRES = Gauge(
    "camhub_tls_certificate_expires_seconds", "When the certificate ends, in Unix seconds."
)


class Tls:
    """A certificate with its key, and the context that connections are made with."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._seen = self._stamp()
        self.context = self._load()

    async def watch(self, clock: Clock, every_s: float = 5.0) -> None:
        """Look for changed files for ever; new connections get the new certificate."""
        while True:
            await clock.sleep(every_s)
            self.reload()

    def reload(self) -> bool:
        """Load the files again where they changed; a pair that does not fit leaves the old one."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        try:
            self._load()  # checked apart: a context keeps half of what did not fit
            self.context.load_cert_chain(self._certificate, self._key)
        except (ConfigError, ssl.SSLError, OSError) as error:
            # seldom more than a moment between the two files; it is looked at again until it fits
            log.warning("tls_not_reloaded", reason=str(error))
            return False
        self._seen = stamp
        log.info("tls_reloaded", certificate=str(self._certificate))
        return True

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # HTTP/1.1 alone: the edge passes bytes, and nothing behind it speaks anything else
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
            loaded = x509.load_pem_x509_certificate(self._certificate.read_bytes())
        except (ssl.SSLError, ValueError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ConfigError(
                f"the certificate {self._certificate} cannot be used with {self._key}: {why}",
                hint="give PEM files that belong together with tls_cert and tls_key, the key "
                "without a password",
                code="tls_files",
            ) from None
        EXPIRES.set(loaded.not_valid_after_utc.timestamp())
        return context

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        found = []
        for path in (self._certificate, self._key):
            try:
                status = path.stat()
            except OSError:
                found.append((0, 0))
            else:
                found.append((status.st_mtime_ns, status.st_ino))
        return tuple(found)


def load_tls(certificate: str, key: str) -> Tls | None:
    """Return the certificate of the settings, None where there is none. Raises ConfigError."""
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise ConfigError(
            "a certificate needs its key and a key its certificate",
            hint="give both tls_cert and tls_key",
            code="tls_files",
        )
    return Tls(Path(certificate), Path(key))


def _no_password() -> str:
    """Answer for a key that is encrypted: OpenSSL would else ask at the terminal."""
    return ""
