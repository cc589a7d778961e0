from collections.abc import AsyncIterator

import pytest

from tests.support.fake_oidc import FakeProvider, fake_provider


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with fake_provider() as one:
        yield one
