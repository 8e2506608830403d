"""Certificates for 127.0.0.1: an authority, a good one, and one that has expired."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def make(folder: Path) -> tuple[Path, dict[str, ssl.SSLContext]]:
    """Return the authority's PEM file, and server contexts called ``good`` and ``expired``."""
    now = datetime.datetime.now(datetime.UTC)
    root = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    authority = (
        x509.CertificateBuilder()
        .subject_name(_name("faults test authority"))
        .issuer_name(_name("faults test authority"))
        .public_key(root.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 10 * DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root.public_key()), False)
        .sign(root, hashes.SHA256())
    )
    path = folder / "authority.pem"
    path.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    ends = {"good": now + DAY, "expired": now - DAY}
    contexts = {}
    for which, end in ends.items():
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        cert = (
            x509.CertificateBuilder()
            .subject_name(_name("127.0.0.1"))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 5 * DAY)
            .not_valid_after(end)
            .add_extension(names, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), False
            )
            .sign(root, hashes.SHA256())
        )
        file = folder / f"{which}.pem"
        file.touch(mode=0o600)
        file.write_bytes(_pem(key) + cert.public_bytes(serialization.Encoding.PEM))
        contexts[which] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[which].load_cert_chain(file)
    return path, contexts
