"""A certificate authority for one control plane, and tokens signed as its API server signs them."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import time
import uuid
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ISSUER = "https://topdeck.test"
"""Who issues the tokens of service accounts."""

LEEWAY = 60.0
"""Seconds after its end for which the API server still takes a token: go-jose's DefaultLeeway."""

_LIFE = datetime.timedelta(days=2)


class Pki:
    """Writes keys and certificates into a folder; every one is signed by the one authority."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("topdeck-e2e")
        self._signer = ec.generate_private_key(ec.SECP256R1())
        self.ca = self._write("ca.crt", self._self_signed())
        self.token_key = self._write("tokens.key", _pem(self._signer))

    def client(self, user: str, *groups: str) -> tuple[Path, Path]:
        """Return a certificate and key by which the API server knows a user and its groups."""
        return self._issue(_name(user, *groups), ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def server(self, name: str, *hosts: str) -> tuple[Path, Path]:
        """Return a certificate and key to serve with on 127.0.0.1 and under other host names."""
        return self._issue(_name(name), ExtendedKeyUsageOID.SERVER_AUTH, ("localhost", *hosts))

    def token(self, namespace: str, account: str, uid: str, seconds: float) -> str:
        """Sign a service account's token that the API server takes for so many seconds.

        The API itself makes none that end within ten minutes.
        """
        ends = time.time() + seconds - LEEWAY
        claims = {
            "iss": ISSUER,
            "aud": [ISSUER],
            "sub": f"system:serviceaccount:{namespace}:{account}",
            "iat": int(ends) - 600,
            "nbf": int(ends) - 600,
            "exp": int(ends),
            "jti": str(uuid.uuid4()),
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": account, "uid": uid},
            },
        }
        signed = f"{_encoded({'alg': 'ES256', 'typ': 'JWT'})}.{_encoded(claims)}"
        der = self._signer.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        return f"{signed}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def _self_signed(self) -> bytes:
        built = self._builder(self._name, self._key.public_key())
        limits = x509.BasicConstraints(ca=True, path_length=None)
        signed = built.add_extension(limits, critical=True).sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def _issue(
        self, subject: x509.Name, usage: x509.ObjectIdentifier, hosts: tuple[str, ...]
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(subject, key.public_key()).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if hosts:
            loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            names = [loopback, *(x509.DNSName(host) for host in hosts)]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        name = uuid.uuid4().hex[:12]
        return (
            self._write(f"{name}.crt", signed.public_bytes(serialization.Encoding.PEM)),
            self._write(f"{name}.key", _pem(key)),
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + _LIFE)
        )

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path


def _name(user: str, *groups: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _encoded(claims: object) -> str:
    return _base64(json.dumps(claims).encode())
