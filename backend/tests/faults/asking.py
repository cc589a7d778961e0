"""One request at a time to the server under test, each written down in the ledger before and after."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.faults.ledger import Ledger


class ServerGone(Exception):
    """The connection broke: whatever was asked last may or may not have happened."""


@dataclass(frozen=True, slots=True)
class Told:
    status: int
    body: dict[str, Any]

    @property
    def outcome(self) -> str:
        return "acked" if 200 <= self.status < 300 else "refused"

    @property
    def code(self) -> str | None:
        code = self.body.get("code")
        return None if code is None else str(code)


class Asker:
    """``posted`` is told how many seconds each answered submission took."""

    def __init__(
        self, session: aiohttp.ClientSession, ledger: Ledger, posted: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self._session = session
        self._ledger = ledger
        self._posted = posted

    async def ask(
        self, request: int, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Told:
        """``body``: text as it is sent, anything else becomes JSON.

        Raises ``ServerGone``, with the request written down as unknown.
        """
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        typed = {} if data is None else {"content-type": "application/json"}
        status, answer = await self._exchange(request, method, path, data, {**typed, **(headers or {})})
        assert isinstance(answer, dict) or status == 204
        return Told(status, answer if isinstance(answer, dict) else {})

    async def rows(self, request: int, path: str) -> list[dict[str, Any]]:
        """A page of a list; nothing of one that is refused. Raises ``ServerGone``."""
        status, answer = await self._exchange(request, "GET", path, None, {})
        return answer if status == 200 and isinstance(answer, list) else []

    async def _exchange(
        self, request: int, method: str, path: str, data: str | None, headers: dict[str, str]
    ) -> tuple[int, object]:
        began = time.monotonic()
        try:
            async with self._session.request(method, path, data=data, headers=headers) as response:
                answer = response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # A broken body behind a good status line is as unknown as no answer at all.
            self._ledger.answered(request, "unknown", said=type(error).__name__)
            raise ServerGone from None
        if (method, path) == ("POST", "/jobs"):
            self._posted(time.monotonic() - began)
        return answer
