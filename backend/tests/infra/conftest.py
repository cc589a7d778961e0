"""Machines that make backups, and a server with buckets for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.backup_programs import Machine
from tests.infra.bucket_server import BucketServer, bucket_server


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "machine")
    made.make_secrets()
    return made


@pytest.fixture
def bucket(server: BucketServer, machine: Machine, request: pytest.FixtureRequest) -> str:
    name = f"backups-{abs(hash(request.node.name))}"
    server.make(name)
    machine.use_bucket(server.endpoint, name)
    return name
