"""A cache for one value from the provider: one concurrent fetch for all callers, with a minimum interval."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from job_processor.oidc.errors import ProviderUnavailable

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Cached(Generic[T]):
    """A cached value. ``fresh_seconds``: the age at which it is fetched again. ``stale_seconds``: the maximum age at
    which it is used if fetching fails. ``pause_seconds``: the minimum interval between two fetches.

    ``name``: for errors and logs; ``fetch``: may raise ``ProviderUnavailable``; ``monotonic``: a clock in seconds.
    """

    def __init__(
        self,
        name: str,
        fetch: Callable[[], Awaitable[T]],
        monotonic: Callable[[], float],
        *,
        fresh_seconds: float,
        stale_seconds: float,
        pause_seconds: float,
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._monotonic = monotonic
        self._fresh, self._stale, self._pause = fresh_seconds, stale_seconds, pause_seconds
        self._value: T | None = None
        self._read_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def get(self) -> T:
        """The value, fetched if it is missing or too old. Raises ``ProviderUnavailable``."""
        if self._value is None or self._age > self._fresh:
            await self._fetch_again()
        if self._value is None or self._age > self._stale:
            raise ProviderUnavailable(f"The identity provider's {self._name} cannot be fetched.")
        return self._value

    async def refreshed(self) -> T:
        """The value, fetched again unless the last fetch was less than ``pause_seconds`` ago."""
        await self._fetch_again()
        return await self.get()

    @property
    def _age(self) -> float:
        return self._monotonic() - self._read_at

    async def _fetch_again(self) -> None:
        if self._fetching is None:
            if self._monotonic() - self._tried_at < self._pause:
                return
            self._tried_at = self._monotonic()
            self._fetching = asyncio.create_task(self._read(), name=f"oidc-{self._name}")
        # Shielded, so that a cancelled caller does not cancel the fetch of the others.
        await asyncio.shield(self._fetching)

    async def _read(self) -> None:
        try:
            self._value = await self._fetch()
            self._read_at = self._monotonic()
        except ProviderUnavailable as error:
            log.warning("identity_provider_unavailable", what=self._name, reason=str(error))
        finally:
            self._fetching = None
