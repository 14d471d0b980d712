"""The server's certificate: self-signed, for loopback names only, renewed before it ends."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID = timedelta(days=825)
_RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Both in PEM; the certificate is its own authority."""

    certificate_file: Path
    key_file: Path

    @property
    def authority(self) -> str:
        """What a client must trust, as PEM."""
        return self.certificate_file.read_text(encoding="ascii")


def ensure_certificate(folder: Path, now: datetime) -> Certificate:
    """The certificate kept in ``folder`` (0700), made anew where it is missing or about to end."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = Certificate(folder / "server.crt", folder / "server.key")
    if not _is_usable(kept, now):
        _make(kept, now)
    return kept


def _is_usable(kept: Certificate, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(kept.certificate_file.read_bytes())
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            kept.certificate_file, kept.key_file
        )
    except (OSError, ValueError, ssl.SSLError):
        return False
    return certificate.not_valid_after_utc - _RENEW_BEFORE > now


def _make(kept: Certificate, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate = _signed(key, now).public_bytes(serialization.Encoding.PEM)
    _write_private(kept.key_file, private)
    _write_private(kept.certificate_file, certificate)


def _signed(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gitops embedded cluster")])
    public = key.public_key()
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_KEY_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
        .sign(key, hashes.SHA256())
    )


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


_KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
