"""A certificate authority of one's own and a certificate by it, for a hub without a public name.

Browsers give WebCodecs only to pages that come by https (or from the same machine), so a hub in an
operations centre's network needs a certificate that its operators' machines trust. The authority
may sign for the given names and addresses only (RFC 5280, 4.2.1.10): whoever steals its key cannot
pretend to be anybody else to the machines that trust it.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from camera_registry.base.errors import ConflictError, InvalidError, StorageError

CA_DAYS, LEAF_DAYS = 3650, 397
"""Browsers take no server's certificate that is valid for longer than 398 days."""
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_BACKDATE = dt.timedelta(hours=1)
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the four files are."""

    ca: Path
    ca_key: Path
    certificate: Path
    key: Path

    @classmethod
    def within(cls, directory: Path) -> TlsFiles:
        """Return the files of a directory."""
        return cls(
            directory / "ca.crt",
            directory / "ca.key",
            directory / "server.crt",
            directory / "server.key",
        )


def make_certificates(directory: Path, names: Sequence[str], now: dt.datetime) -> TlsFiles:
    """Make an authority and a certificate for names and addresses. Keys are for the owner alone.

    Raises InvalidError for what is no name, ConflictError where one of the files is there already,
    StorageError.
    """
    files = TlsFiles.within(directory)
    wanted = [_general_name(name) for name in dict.fromkeys(names)]
    if not wanted:
        raise InvalidError("names: give at least one name or address", code="names")
    all_files = (files.ca, files.ca_key, files.certificate, files.key)
    there = [path for path in all_files if path.exists()]
    if there:
        raise ConflictError(
            f"{there[0]} is there already",
            hint="nothing was changed; choose another directory, or move the old files away",
            code="tls_there",
        )
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _authority(ca_key, wanted, now)
    leaf = _leaf(key, ca, ca_key, wanted, now)
    pem = serialization.Encoding.PEM
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(files.ca_key, _key_pem(ca_key), 0o600)
        _write(files.ca, ca.public_bytes(pem), 0o644)
        _write(files.key, _key_pem(key), 0o600)
        _write(files.certificate, leaf.public_bytes(pem) + ca.public_bytes(pem), 0o644)
    except OSError as error:
        raise StorageError(
            f"the certificates cannot be written to {directory}: {error.strerror}",
            hint="choose another directory with --dir",
        ) from error
    return files


def fingerprint_of(certificate: Path) -> str:
    """Return the SHA-256 of the first certificate of a file, as people compare it."""
    digest = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def _authority(key: Key, names: Sequence[x509.GeneralName], now: dt.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"camhub {now:%Y-%m-%d} local CA")])
    usage = {
        field: field in ("key_cert_sign", "crl_sign")
        for field in (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        )
    }
    return (
        _builder(name, name, key, now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(
            x509.NameConstraints([_subtree(each) for each in names], None), critical=True
        )
        .sign(key, hashes.SHA256())
    )


def _leaf(
    key: Key,
    ca: x509.Certificate,
    ca_key: Key,
    names: Sequence[x509.GeneralName],
    now: dt.datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camhub")])
    issuer_key = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(subject, ca.subject, key, now, LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        pass
    name = text.lower().rstrip(".")
    if not _NAME.fullmatch(name):
        raise InvalidError(
            f"{text!r} is neither a host name nor an address",
            hint="write for example wall.example.vn or 10.1.2.3",
            code="names",
        )
    return x509.DNSName(name)


def _subtree(name: x509.GeneralName) -> x509.GeneralName:
    """Return what a name is as a constraint: an address is the network of that address alone."""
    if isinstance(name, x509.IPAddress):
        return x509.IPAddress(ipaddress.ip_network(name.value))
    return name


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
