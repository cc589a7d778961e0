"""One n8n is set up once; each test gets a copy of it, so that no test sees the runs of another."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from . import workflows
from .backend import Backend
from .processes import free_ports
from .real_n8n import RealN8n, is_installed

TOKEN = "n8n-test-inbound-token"
SECRET = "n8n-test-callback-secret-0123456789"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> RealN8n:
    """An n8n with our workflows and an API key, stopped. Its error workflow knows the backend's port."""
    if not is_installed():
        pytest.skip("n8n is not installed: scripts/n8n/n8n install")
    environment = {
        "N8N_TOKEN": TOKEN,
        "WEBHOOK_SECRET": SECRET,
        "PUBLIC_URL": f"http://127.0.0.1:{free_ports(1)}",
    }
    n8n = RealN8n(tmp_path_factory.mktemp("n8n"), free_ports(2), environment)
    n8n.setup()
    folder = tmp_path_factory.mktemp("workflows")
    n8n.add(folder, workflows.write_all(folder))

    async def owner() -> None:
        try:
            await n8n.start()
            await n8n.make_api_key()
        finally:
            await n8n.stop()

    asyncio.run(owner())
    return n8n


@pytest.fixture(scope="session")
def public_port(prepared: RealN8n) -> int:
    """The port that n8n's error workflow reports to."""
    return int(prepared.environment["PUBLIC_URL"].rsplit(":", 1)[1])


@pytest.fixture(scope="module")
def running(prepared: RealN8n, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealN8n]:
    """One n8n for a whole file, started; a test that stops it starts it again."""
    home = tmp_path_factory.mktemp("running") / "n8n"
    shutil.copytree(prepared.home, home)
    n8n = RealN8n(home, prepared.port, prepared.environment, prepared.api_key)
    try:
        asyncio.run(n8n.start())
        yield n8n
    finally:
        n8n.process.kill()


@pytest.fixture
async def n8n(prepared: RealN8n, tmp_path: Path) -> AsyncIterator[RealN8n]:
    """Not started yet: that is the test's to do."""
    home = tmp_path / "n8n"
    shutil.copytree(prepared.home, home)
    copy = RealN8n(home, prepared.port, prepared.environment, prepared.api_key)
    yield copy
    await copy.kill()


@pytest.fixture
async def backend(prepared: RealN8n, public_port: int, tmp_path: Path) -> AsyncIterator[Backend]:
    """Not started yet: the flow is the test's to say."""
    environment = {
        "WEBHOOK_SECRET": SECRET,
        "N8N_TOKEN": TOKEN,
        "N8N_API_KEY": prepared.api_key,
        "PUBLIC_URL": prepared.environment["PUBLIC_URL"],
    }
    backend = Backend(tmp_path / "backend", public_port, environment)
    yield backend
    await backend.stop()
