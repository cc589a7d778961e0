"""One n8n in queue mode for all tests of this folder."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.n8n.backend import Backend
from tests.n8n.processes import free_ports
from tests.n8n.real_n8n import is_installed

from .queue_n8n import QueueN8n
from .servers import are_installed

TOKEN = "n8n-test-inbound-token"
SECRET = "n8n-test-callback-secret-0123456789"


@pytest.fixture(scope="session")
def public_port() -> int:
    return free_ports(1)


@pytest.fixture
async def cluster(public_port: int, tmp_path: Path) -> AsyncIterator[QueueN8n]:
    if not is_installed() or not are_installed():
        pytest.fail("n8n, PostgreSQL and Redis are needed: make test-n8n-queue installs them")
    environment = {
        "N8N_TOKEN": TOKEN,
        "WEBHOOK_SECRET": SECRET,
        "PUBLIC_URL": f"http://127.0.0.1:{public_port}",
    }
    cluster = QueueN8n(tmp_path / "n8n", environment)
    try:
        await cluster.start()
        yield cluster
    finally:
        await asyncio.shield(cluster.stop())


@pytest.fixture
async def backend(cluster: QueueN8n, public_port: int, tmp_path: Path) -> AsyncIterator[Backend]:
    environment = {
        "WEBHOOK_SECRET": SECRET,
        "N8N_TOKEN": TOKEN,
        "N8N_API_KEY": cluster.main.api_key,
        "PUBLIC_URL": f"http://127.0.0.1:{public_port}",
    }
    backend = Backend(tmp_path / "backend", public_port, environment)
    yield backend
    await backend.stop()
