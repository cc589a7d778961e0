"""The API's answers to GET requests are compressed with gzip, where the client accepts it. The page's files are
compressed when they are built (``http.page``).

**Secrets.** The length of a compressed body shows whether parts of it are equal (the attack BREACH). So:

- only answers to GET requests are compressed: keys, session cookies and callback tokens are in no such answer;
- each compressed body has a random length: up to ``MAX_PADDING_BYTES`` in the header of gzip ("Heal the BREACH");
- other sites cannot make a browser ask with its session: the cookie is SameSite=Strict, and ``EdgeMiddleware`` refuses.
"""

import secrets
from collections.abc import Awaitable

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from job_processor.http.content_coding import accepted

MINIMUM_BYTES = 1_000
"""Smaller bodies fit into one packet anyway."""
LEVEL = 4
"""The level of gzip. A list of jobs shrinks to a fourteenth at 4, and to a fifteenth at 9 in three times the time."""
THREAD_MINIMUM_BYTES = 32 * 1024
"""Larger bodies are compressed in a thread: at most a millisecond of the event loop is spent on one body."""
MAX_PADDING_BYTES = 100
_HAS_NAME = 8
_HEAD = 10


class CompressionMiddleware:
    """Compresses bodies of ``MINIMUM_BYTES`` or more; never event streams, byte ranges, or compressed bodies.

    A compressed body is not byte for byte the one that a strong ETag stands for, so its ETag is weak.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["method"] != "GET" or scope["path"].startswith("/ui/"):
            return self._app(scope, receive, send)
        return self._compressed(scope, receive, send)

    async def _compressed(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(scope=scope)
        if not accepted(asked.get("accept-encoding", ""), ("gzip",)):
            # Responses that are not compressed need the header Vary too.
            await IdentityResponder(self._app, MINIMUM_BYTES)(scope, receive, send)
            return
        known = asked.get("if-none-match", "")
        responder = _PaddedGzip(self._app, MINIMUM_BYTES, LEVEL, thread_minimum_size=THREAD_MINIMUM_BYTES)

        async def send_with_weak_tag(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                tag = headers.get("etag", "")
                # A 304 names the tag of the answer that the client has.
                has_weak = message["status"] == 304 and f"W/{tag}" in known
                if tag.startswith('"') and (responder.begun or has_weak):
                    headers["etag"] = f"W/{tag}"
            await send(message)

        await responder(scope, receive, send_with_weak_tag)


class _PaddedGzip(GZipResponder):
    """gzip with a file name of random length in its header, which decoders skip."""

    begun = False
    """Whether the body is compressed."""

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        zipped = await super().apply_compression(body, more_body=more_body)
        if self.begun or not zipped:
            return zipped
        self.begun = True
        return padded(zipped)


def padded(zipped: bytes) -> bytes:
    """The same gzip file (RFC 1952), longer by 1 to ``MAX_PADDING_BYTES`` + 1 bytes."""
    name = secrets.token_urlsafe(MAX_PADDING_BYTES)[: secrets.randbelow(MAX_PADDING_BYTES + 1)]
    head = zipped[:3] + bytes([zipped[3] | _HAS_NAME]) + zipped[4:_HEAD]
    return head + name.encode() + b"\0" + zipped[_HEAD:]
