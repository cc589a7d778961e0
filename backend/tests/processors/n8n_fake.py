"""The n8n processor and the fake that it works with."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from job_processor.processors.n8n.processor import N8nOptions, N8nProcessor
from tests.n8n import fake_n8n
from tests.n8n.fake_n8n import FakeN8n
from tests.processors.given import MAX_RESULT_BYTES, surroundings


@pytest.fixture
async def n8n() -> AsyncIterator[FakeN8n]:
    async with FakeN8n(token="n8n-token", secret="callback-secret").serve() as fake:
        fake.usual = fake_n8n.accept_and_forget()
        yield fake


def processor(fake: FakeN8n, max_result_bytes: int = MAX_RESULT_BYTES, **more: Any) -> N8nProcessor:
    options = {"url": fake.url, "token_env": "N8N_TOKEN", "api_url": fake.api_url, "api_key_env": "N8N_KEY", **more}
    around = surroundings(dispatch_timeout_seconds=20.0, max_result_bytes=max_result_bytes)
    return N8nProcessor(msgspec.convert(options, N8nOptions), around)
