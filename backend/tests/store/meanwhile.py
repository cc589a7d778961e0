"""What happens to a job between two commands of a store on MongoDB."""

from collections.abc import Awaitable, Callable

import pytest

from job_processor.store.base import Store
from job_processor.store.mongo.store import MongoStore


def after_first_read(monkeypatch: pytest.MonkeyPatch, store: Store, happens: Callable[[], Awaitable[object]]) -> None:
    """``happens`` once, after the next read of ``store`` and before its next command."""
    assert isinstance(store, MongoStore)
    link = store._open.link
    read = link.read

    async def then_it_happens(run: Callable[[bool], Awaitable[object]]) -> object:
        found = await read(run)
        monkeypatch.setattr(link, "read", read)
        await happens()
        return found

    monkeypatch.setattr(link, "read", then_it_happens)
