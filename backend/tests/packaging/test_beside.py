"""Targets that run beside each other: all are made, or the first that fails ends the others and is named."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.packaging.machine import REPOSITORY

MAKEFILE = """
long: ; @trap 'touch interrupted; exit 1' INT; touch began; while :; do sleep 0.02; done
bad: ; @until [ -e began ]; do sleep 0.02; done; echo a fault; exit 3
good: ; @echo good
fine: ; @echo fine
later: ; @touch later
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    return tmp_path


def beside(directory: Path, *targets: str) -> "subprocess.Popen[str]":
    """As a shell starts it in the background: with SIGINT ignored."""
    command = [sys.executable, str(REPOSITORY / "scripts" / "beside.py"), *targets]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def test_all_are_made_and_what_each_says_is_shown(directory: Path) -> None:
    with beside(directory, "good", "fine", "later") as run:
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 0
    assert sorted(said.split()) == ["fine", "good"]
    assert (directory / "later").exists()


def test_the_first_that_fails_ends_the_others_and_is_named(directory: Path) -> None:
    with beside(directory, "long", "bad", "later") as run:
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert said.index("a fault") < said.index("*** bad failed. Interrupted: long; not begun: later.")
    assert (directory / "interrupted").exists()
    assert not (directory / "later").exists()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_ends_the_run_ends_its_targets(directory: Path, by: signal.Signals) -> None:
    with beside(directory, "long", "later") as run:
        deadline = time.monotonic() + 60
        while not (directory / "began").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run.send_signal(by)
        run.communicate(timeout=60)
    assert run.returncode == 1
    assert (directory / "interrupted").exists()
