"""A field that a job gets is written in three places, and then is kept, copied, backed up and shown by all the rest."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import job_processor
from job_processor.store.sqlite.store import SqliteStore
from tests.mongo_server import MongoServer
from tests.store_suite import given

pytestmark = pytest.mark.mongo
PACKAGE = Path(job_processor.__file__).parent
BACKEND = Path(__file__).parents[2]
# By file: a line of it, and the line that is put after it.
EDITS = {
    "core/job.py": ("    replay_of: str | None = None\n", "    colour: str | None = None\n"),
    "http/models/jobs.py": ("    replay_of: JobId | None\n", "    colour: str | None\n"),
    "core/transitions.py": ("        replay_of=replay_of,\n", '        colour="blue",\n'),
}


async def test_three_files(server: MongoServer, tmp_path: Path) -> None:
    (old, new), database = (tmp_path / "old", tmp_path / "new"), server.database()
    new.mkdir()
    # A store as it was before the field.
    store = SqliteStore(old)
    await store.open()
    await given.added(store)
    await store.close()
    _copy(tmp_path / "job_processor")
    try:
        _run([str(old), str(new), server.uri, database], tmp_path)
    finally:
        server.drop(database)


def _copy(target: Path) -> None:
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("ui", "__pycache__"))
    for name, (line, added) in EDITS.items():
        text = (target / name).read_text()
        assert text.count(line) == 1, name
        (target / name).write_text(text.replace(line, line + added))


def _run(arguments: list[str], directory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.added_field", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(directory), str(BACKEND)])},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
