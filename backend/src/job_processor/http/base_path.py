"""Serves the application below a base path, the path of PUBLIC_URL.

A reverse proxy may remove the base path from requests or keep it: both work. So do requests that do not come through
the proxy, such as a health check's.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BasePathMiddleware:
    """Removes ``base_path`` from the path of requests, and adds it to the Location and Link headers of responses."""

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        self._app = app
        self._base = base_path
        self._base_bytes = base_path.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._without_base(scope["path"])
        if path is not None:
            scope["path"] = path

        async def send_with_base(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [(name, self._with_base(name, value)) for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, send_with_base)

    def _without_base(self, path: str) -> str | None:
        """``None``: the path is not below the base path."""
        if path == self._base:
            return "/"
        return path.removeprefix(self._base) if path.startswith(self._base + "/") else None

    def _with_base(self, name: bytes, value: bytes) -> bytes:
        if name == b"location" and value.startswith(b"/"):
            return self._base_bytes + value
        if name == b"link":
            # Each `<` begins a target: within a target it is percent-encoded.
            return value.replace(b"</", b"<" + self._base_bytes + b"/")
        return value
