"""The commands of "Restore on a new server" and after it in docs/operations.md bring every job back, as they stand
there."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from job_processor.store.base import Query
from job_processor.store.sqlite.store import SqliteStore
from tests.infra.backup_programs import Machine
from tests.infra.bucket_server import BucketServer, bucket_server
from tests.support.clock import Clock
from tests.transfer.conftest import fill
from tests.transfer.test_copy import lines

REPOSITORY = Path(__file__).resolve().parents[3]


def commands(first: str, end: str) -> list[str]:
    """The lists of commands between two headings."""
    page = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
    chapter = page.partition(f"\n### {first}\n")[2].partition(f"\n### {end}\n")[0]
    return re.findall(r"^```sh\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


async def opened(folder: Path) -> SqliteStore:
    store = SqliteStore(folder, Clock().now)
    await store.open()
    return store


KINDS = ("generated", "own", "terraform")
"""In the order of the page. ``terraform``: the stack has started already, with a key of its own and no jobs."""


@pytest.mark.parametrize("key", KINDS)
async def test_a_new_server_has_every_job(key: str, server: BucketServer, tmp_path: Path) -> None:
    bucket = f"page-{key}"
    server.make(bucket)
    old = Machine(tmp_path / "old")
    (old.root / "bin/job-processor").unlink()
    old.environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    old.environment["DATA_DIR"] = str(tmp_path / "data")
    files = {"backup-s3-access-key": "a", "backup-s3-secret-key": "b"}
    private = Machine(tmp_path / "elsewhere").make_secrets()["backup-identity"]
    if key == "own":
        files["backup-recipient"] = private.splitlines()[0].removeprefix("# public key: ")
        old.brings(backup_recipient=files["backup-recipient"])
    old.use_bucket(server.endpoint, bucket)
    files |= {"key": private} if key == "own" else {"backup-identity": old.make_secrets()["backup-identity"]}
    (tmp_path / "data").mkdir()
    store = await opened(tmp_path / "data")
    jobs = await fill(store)
    await store.close()
    # Opening ends the leases of the process before.
    store = await opened(tmp_path / "data")
    before = await lines(store)
    await store.close()
    made = old.backup("once")
    assert made.returncode == 0, made.stderr

    new = tmp_path / "new"
    shutil.copytree(
        REPOSITORY / "infrastructure/containers",
        new / "infrastructure/containers",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(REPOSITORY / "docker-compose.yml", new)
    for name, text in files.items():
        (new / name).write_text(text, encoding="utf-8")
    (new / ".env").write_text(
        f"BACKUP_S3_BUCKET={bucket}\nBACKUP_S3_ENDPOINT={server.endpoint}\n"
        "BACKUP_S3_REGION=fsn1\nBACKUP_S3_PREFIX=jobs\n",
        encoding="utf-8",
    )
    volumes, tools = tmp_path / "volumes", tmp_path / "tools"
    for folder in (volumes / "data", tools):
        folder.mkdir(parents=True)
    docker = tools / "docker"
    docker.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).parent}/compose_stand_in.py "$@"\n')
    docker.chmod(0o755)
    page = commands("Restore on a new server", "One container with SQLite")[KINDS.index(key)]
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "VOLUMES": str(volumes)}
    if key == "terraform":
        (tmp_path / "etc").mkdir()
        for name in ("backup-s3-access-key", "backup-s3-secret-key"):
            (new / name).rename(tmp_path / "etc" / name)
        assert "=/etc/job-processor/secrets\n" in page
        page = page.replace("/etc/job-processor/secrets", str(tmp_path / "etc"))
        environment["OPERATOR_SECRETS_DIR"] = str(tmp_path / "etc")
        await (await opened(volumes / "data")).close()
        first = await asyncio.to_thread(shell, "docker compose run --rm backup once", new, environment)
        assert "there is nothing to back up yet" in first.stdout, first.stderr

    done = await asyncio.to_thread(shell, page, new, environment)

    assert done.returncode == 0, done.stderr
    assert f"restored {jobs} jobs" in done.stdout
    restored = await opened(volumes / "data")
    assert await lines(restored) == before
    await restored.close()
    assert (volumes / "calls").read_text().splitlines()[-1] == "compose up --detach"
    if key == "own":
        left = [path for path in new.rglob("*") if path.is_file() and path.name != "key"]
        left += [path for path in volumes.rglob("*") if path.is_file()]
        secret = private.splitlines()[1].encode()
        assert all(secret not in path.read_bytes() for path in left), "the key stays on no disk"


DOCKER_OF_SQLITE = """#!/bin/sh
[ "$1 $2 $3" = 'compose -f compose.sqlite.yml' ] || exit 64
shift 3
case "$*" in
  'exec -T job-processor job-processor '*) shift 3; exec "$@" ;;
  'run --rm -T --entrypoint sh job-processor -c '*) exec sh -c "$(echo "$8" | sed "s|/data/|$DATA_DIR/|g")" ;;
  'stop job-processor' | 'start job-processor') echo "$*" >>"$DATA_DIR/../calls" ;;
  *) exit 64 ;;
esac
"""


async def test_one_container_with_sqlite_is_backed_up_and_restored(tmp_path: Path) -> None:
    backup, restore, *_ = commands("One container with SQLite", "Without containers")
    tools, before, after = (tmp_path / name for name in ("tools", "before", "after"))
    for folder in (tools, before, after):
        folder.mkdir()
    (tools / "docker").write_text(DOCKER_OF_SQLITE)
    (tools / "docker").chmod(0o755)
    store = await opened(before)
    jobs = await fill(store)
    await store.close()
    await (await opened(after)).close()
    environment = {"PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"}

    made = await asyncio.to_thread(shell, backup, tmp_path, environment | {"DATA_DIR": str(before)})
    assert made.returncode == 0, made.stderr
    done = await asyncio.to_thread(shell, restore, tmp_path, environment | {"DATA_DIR": str(after)})

    assert done.returncode == 0, done.stderr
    assert f"restored {jobs} jobs" in done.stdout
    restored = await opened(after)
    assert len(await restored.list(Query(limit=1000))) == jobs
    await restored.close()
    assert (tmp_path / "calls").read_text() == "stop job-processor\nstart job-processor\n"
    assert not list(after.glob("restore*"))


def shell(text: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-euc", text],
        cwd=folder,
        env=environment | {"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
