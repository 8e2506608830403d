"""The HTTP sessions of AWS clients, which share one TLS context."""

from __future__ import annotations

import functools
import ssl

from aiobotocore.httpsession import AIOHTTPSession
from botocore.httpsession import create_urllib3_context, get_cert_path


class HttpSession(AIOHTTPSession):  # type: ignore[misc]
    """A session that does not read the CA bundle again for every client.

    That takes some 40 ms each; with a few profiles and regions it is the better part of a start.
    Sessions with a proxy or a client certificate build their own contexts as before.
    """

    def _build_ssl_contexts(
        self, proxy_url: str | None
    ) -> tuple[ssl.SSLContext, ssl.SSLContext | None]:
        if proxy_url or self._cert_file:
            contexts: tuple[ssl.SSLContext, ssl.SSLContext | None] = super()._build_ssl_contexts(
                proxy_url
            )
            return contexts
        return shared_context(self._verify), None


@functools.lru_cache(maxsize=8)
def shared_context(verify: bool | str) -> ssl.SSLContext:
    """Return the context for `verify`: true, false, or the path of a CA bundle. Blocks."""
    context: ssl.SSLContext = create_urllib3_context()
    if verify:
        context.check_hostname = True
        if bundle := get_cert_path(verify):
            context.load_verify_locations(bundle, None, None)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
