"""TLS contexts from PEM that is in memory; building one takes milliseconds, so off the loop."""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backends.base import Invalid


def context(
    ca: bytes = b"", *, verify: bool = True, cert: bytes = b"", key: bytes = b""
) -> ssl.SSLContext:
    """Return a client's context: its authorities (PEM; empty: the system's) and certificate.

    Raises `Invalid` where the PEM is none, or the key wants a pass phrase.
    """
    try:
        made = ssl.create_default_context(cadata=ca.decode("ascii") if ca else None)
        if not verify:
            made.check_hostname = False
            made.verify_mode = ssl.CERT_NONE
        if cert:
            with _as_file(cert + b"\n" + key) as path:
                made.load_cert_chain(path, password=_no_pass_phrase)
    except (ssl.SSLError, ValueError, OSError) as error:
        raise Invalid(
            "read certificates",
            "a certificate or key is not valid PEM, or they do not belong together",
            "correct certificate-authority, client-certificate and client-key in kubeconfig",
        ) from error
    return made


def _no_pass_phrase() -> str:
    # Without this OpenSSL asks on the terminal, in the middle of the screen.
    raise Invalid(
        "read client key",
        "the client's key is encrypted",
        "decrypt it: `openssl pkey -in client.key -out client-plain.key`",
    )


@contextlib.contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Yield a path to read `content` from; OpenSSL takes a certificate from nothing else.

    On Linux it is memory; elsewhere a file that only its owner can read, gone when this ends.
    """
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("client-certificate"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.TemporaryDirectory(prefix="topdeck-") as folder:
            path = Path(folder, "client.pem")
            path.touch(mode=0o600)
            path.write_bytes(content)
            yield str(path)
