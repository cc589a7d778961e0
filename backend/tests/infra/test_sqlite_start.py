"""The one container's start: a callback secret of its own, which stays."""

import os
import subprocess
from pathlib import Path

from job_processor.settings import load
from tests.infra.compose_files import SQLITE, environment, needs_compose

START = Path(__file__).resolve().parents[3] / "infrastructure/containers/sqlite-start"
GIVEN = "9f1c27d04be85a36c7e20d14f58b963a"


def start(tmp_path: Path, **given: str) -> str:
    """Start it as the container does, with a product that only says its arguments; returns the secret."""
    (tmp_path / "job-processor").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "job-processor").chmod(0o755)
    file = tmp_path / "webhook-secret"
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "WEBHOOK_SECRET_FILE": str(file), **given}
    done = subprocess.run([str(START)], env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "serve\n"
    assert file.stat().st_mode & 0o077 == 0
    return file.read_text()


def test_a_secret_is_made_once_and_a_given_one_takes_its_place(tmp_path: Path) -> None:
    first = start(tmp_path)
    assert start(tmp_path, GIVEN_WEBHOOK_SECRET="") == first
    assert start(tmp_path, GIVEN_WEBHOOK_SECRET=GIVEN) == f"{GIVEN}\n"
    assert start(tmp_path) == f"{GIVEN}\n"


@needs_compose
def test_the_made_secret_is_good_enough_for_production(tmp_path: Path) -> None:
    start(tmp_path)
    found = environment(SQLITE, "job-processor")
    found |= {"HOST": "0.0.0.0", "WEBHOOK_SECRET_FILE": str(tmp_path / "webhook-secret"), "FLOWS_FILE": ""}

    assert load(found).webhook_secrets != load({}).webhook_secrets
