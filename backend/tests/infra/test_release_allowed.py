"""A release is refused unless its tag is the version, on main, and green."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
VERSION, CHART = "backend/src/job_processor/__init__.py", "infrastructure/helm/job-processor/Chart.yaml"


class Clone:
    """A clone of a repository whose main has one commit, and a `gh` that knows for which commits CI passed."""

    def __init__(self, root: Path) -> None:
        self.root = root / "clone"
        self._tools = root / "bin"
        self._tools.mkdir()
        self.green: list[str] = []
        for file in (VERSION, CHART, "scripts/infra/release-allowed"):
            (self.root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / file, self.root / file)
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("1.2.3")
        self.commit()
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")

    def write(self, version: str, chart: str | None = None) -> None:
        (self.root / VERSION).write_text(f'"""The product."""\n\n__version__ = "{version}"\n', encoding="utf-8")
        text = (REPOSITORY / CHART).read_text(encoding="utf-8").splitlines()
        new = {"version": f"version: {chart or version}", "appVersion": f'appVersion: "{chart or version}"'}
        lines = [new.get(line.partition(":")[0], line) for line in text]
        (self.root / CHART).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message=x")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def ask(self, tag: str) -> subprocess.CompletedProcess[str]:
        wanted = "run list --workflow ci.yml --commit {} --branch main --event push --status success"
        cases = "".join(f'  "{wanted.format(commit)} "*) echo 1 ;;\n' for commit in self.green)
        gh = self._tools / "gh"
        gh.write_text(f'#!/bin/sh\ncase "$* " in\n{cases}  *) echo 0 ;;\nesac\n', encoding="utf-8")
        gh.chmod(0o755)
        return subprocess.run(
            [self.root / "scripts/infra/release-allowed", tag],
            env={"PATH": f"{self._tools}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(tmp_path)
    made.green.append(made.head())
    return made


def test_a_green_commit_of_main_whose_tag_is_the_version_is_released(clone: Clone) -> None:
    clone.git("tag", "v1.2.3")
    done = clone.ask("v1.2.3")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("tag", ["v1.2.4", "v1.2.30", "1.2.3"])
def test_another_version_is_refused(clone: Clone, tag: str) -> None:
    clone.git("tag", tag)
    done = clone.ask(tag)
    assert done.returncode == 1
    assert "__init__.py says version 1.2.3" in done.stderr


def test_a_chart_of_another_version_is_refused(clone: Clone) -> None:
    clone.write("1.2.3", chart="1.2.2")
    clone.commit()
    clone.git("tag", "v1.2.3")
    done = clone.ask("v1.2.3")
    assert done.returncode == 1
    assert "Chart.yaml says version 1.2.2" in done.stderr


def test_a_commit_that_is_not_on_main_is_refused(clone: Clone) -> None:
    clone.write("1.3.0")
    clone.commit()
    clone.green.append(clone.head())
    clone.git("tag", "v1.3.0")
    done = clone.ask("v1.3.0")
    assert done.returncode == 1
    assert "is not on main" in done.stderr


def test_a_commit_for_which_ci_has_not_passed_is_refused(clone: Clone) -> None:
    clone.green.clear()
    clone.git("tag", "v1.2.3")
    done = clone.ask("v1.2.3")
    assert done.returncode == 1
    assert "CI has not passed" in done.stderr


def test_a_tag_that_is_not_there_or_not_checked_out_is_refused(clone: Clone) -> None:
    assert "there is no such tag" in clone.ask("v1.2.3").stderr
    clone.git("tag", "v1.2.3")
    clone.write("1.2.4")
    clone.commit()
    assert "not what is checked out" in clone.ask("v1.2.3").stderr
