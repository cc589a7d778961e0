"""Long requests end when the key or session with which they were authorized ends."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

from job_processor.acts.credentials import Credentials
from job_processor.core.access import Principal
from job_processor.http.access import access_ended


@contextlib.contextmanager
def lasting(credentials: Credentials, principal: Principal) -> Iterator[Callable[[], None]]:
    """A context for a long request. Yields a function that raises the 401 if the key or session has ended meanwhile."""
    ended = False

    def leave() -> None:
        nonlocal ended
        ended = True

    def check() -> None:
        if ended:
            raise access_ended()

    with credentials.held(principal, leave):
        yield check


async def while_valid(
    credentials: Credentials, principal: Principal, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """These chunks of a response. Raises the 401 when the key or session ends: because the response has started, that
    aborts the connection, so that the client sees an incomplete response."""
    with lasting(credentials, principal) as check:
        async for chunk in chunks:
            check()
            yield chunk
