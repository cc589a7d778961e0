"""What the Makefile makes of PYTHON."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.packaging.machine import REPOSITORY


def _make(*arguments: str, tmp_path: Path, environment: dict[str, str] | None = None) -> str:
    ours = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "PYTHON")}
    done = subprocess.run(
        ["make", "--no-print-directory", f"VENV={tmp_path / 'venv'}", *arguments],
        cwd=REPOSITORY,
        env=ours | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_python_is_for_the_set_up_alone(tmp_path: Path, by: str) -> None:
    """What recipes start has the environment's Python, whatever was named."""
    show = '--eval=show: ; @echo "[$${PYTHON-}] [$(PYTHON)]"'
    said = _make(
        show,
        "show",
        *(["PYTHON=mine"] if by == "argument" else []),
        tmp_path=tmp_path,
        environment={"PYTHON": "mine"} if by == "environment" else None,
    )
    assert said == "[] [mine]\n"


@pytest.mark.parametrize(("asked", "is_made_anew"), [("another", True), ("the same", False), ("", False)])
def test_another_python_has_the_environment_made_anew(tmp_path: Path, asked: str, is_made_anew: bool) -> None:
    for name, version in (("venv/bin/python", "3.12.3"), ("another", "3.13.1"), ("the same", "3.12.3")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"#!/bin/sh\ncase \"$*\" in *version_info*) printf {version} ;; *'import pip'*) ;; *) exit 1 ;; esac\n"
        )
        path.chmod(0o755)
    stamp = tmp_path / "venv" / ".python"
    stamp.touch()

    _make("help", *([f"PYTHON={tmp_path / asked}"] if asked else []), tmp_path=tmp_path)

    assert stamp.exists() is not is_made_anew
