"""The built page under /ui/: its files and, for every other path, index.html with the base path filled in."""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from job_processor.http.content_coding import accepted
from job_processor.http.etag import etag_of, matches
from job_processor.http.scope_keys import ROUTE

PAGE_CSP = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
CODINGS = {"br": ".br", "gzip": ".gz"}
"""The compressed copies that the build makes of files (frontend/compressed-files.ts), the smaller one first."""
_COMPRESSED_TYPES = (".js", ".css", ".svg")
_NOT_BUILT = "The page is not built. Run `make build`, or use the API: /openapi.json lists it.\n"


class BuiltPage:
    """The single-page application in ``folder``, served at ``base_path`` + /ui/."""

    def __init__(self, folder: Path, base_path: str) -> None:
        self._index = folder / "index.html"
        self._files = _BuiltFiles(directory=folder, check_dir=False)
        self._base = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = "/ui"
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"allow": "GET, HEAD"})
        response = await self._response(scope)
        response.headers["content-security-policy"] = PAGE_CSP

        async def send_unless_refused(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (400, 416):
                # Starlette answers an invalid Range with plain text; as an exception it becomes a problem document.
                size = Headers(raw=message["headers"]).get("content-range")
                raise HTTPException(message["status"], headers=None if size is None else {"content-range": size})
            await send(message)

        await response(scope, receive, send_unless_refused)

    async def _response(self, scope: Scope) -> Response:
        path = self._files.get_path(scope)
        if path not in (".", "index.html") and self._index.is_file():
            try:
                response = await self._files.get_response(path, scope)
                # File names of built assets contain a hash; everything else must be revalidated.
                hashed = path.startswith("assets") and response.status_code == 200
                response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
                return response
            except HTTPException as error:
                if error.status_code != 404 or path.startswith("assets"):
                    raise
        return await self._index_response(scope)

    async def _index_response(self, scope: Scope) -> Response:
        try:
            built = await run_in_threadpool(self._index.read_text, encoding="utf-8")
        except FileNotFoundError:
            return PlainTextResponse(_NOT_BUILT, 503)
        body = self._index_at_base(built).encode()
        headers = {"etag": etag_of(body), "cache-control": "no-cache"}
        if matches(Headers(scope=scope).get("if-none-match", ""), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="text/html")

    def _index_at_base(self, built: str) -> str:
        """index.html with the base path in its placeholder. Its links to files are relative, so they need no change.

        The base path has no characters that HTML would need to escape.
        """
        return built.replace('="./', f'="{self._base}/ui/').replace(
            'data-base-path=""', f'data-base-path="{self._base}"'
        )


class _BuiltFiles(StaticFiles):
    """Static files. Of the codings in which a file was built, the one is sent that the client prefers."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.endswith(tuple(CODINGS.values())):
            raise HTTPException(404)
        if not path.endswith(_COMPRESSED_TYPES):
            return await super().get_response(path, scope)
        response = await self._compressed(path, scope) or await super().get_response(path, scope)
        response.headers["vary"] = "Accept-Encoding"
        return response

    async def _compressed(self, path: str, scope: Scope) -> Response | None:
        for coding in accepted(Headers(scope=scope).get("accept-encoding", ""), tuple(CODINGS)):
            try:
                response = await super().get_response(path + CODINGS[coding], scope)
            except HTTPException as error:
                if error.status_code != 404:
                    raise
            else:
                if response.status_code != 304:
                    response.headers["content-encoding"] = coding
                return response
        return None
