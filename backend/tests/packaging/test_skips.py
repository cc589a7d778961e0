"""What ``CI=true`` makes of a test that skips."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.machine import REPOSITORY

_TESTS = """
import pytest

{fixture}
def test_one(place):
    {body}
"""
_FIXTURE = "@pytest.fixture\ndef place():\n    {}\n"
KINDS = {
    "in the test": _TESTS.format(fixture=_FIXTURE.format("return 1"), body='pytest.skip("no tool")'),
    "in a fixture": _TESTS.format(fixture=_FIXTURE.format('pytest.skip("no tool")'), body="pass"),
    "by a mark": _TESTS.format(
        fixture=_FIXTURE.format("return 1") + '\n@pytest.mark.skipif(True, reason="no tool")', body="pass"
    ),
}


def _run(tmp_path: Path, text: str, ci: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "test_it.py").write_text(text)
    plugins = ("-p", "tests.support.skips", "-p", "no:cacheprovider")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(tmp_path), *plugins, str(tmp_path)],
        cwd=REPOSITORY / "backend",
        # Loading the plugins that are installed takes most of the time, and none of them is asked.
        env={**os.environ, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_with_ci_a_skip_is_a_failure(tmp_path: Path, kind: str) -> None:
    assert _run(tmp_path, KINDS[kind], "").returncode == 0

    done = _run(tmp_path, KINDS[kind], "true")

    assert done.returncode == 1, done.stdout
    assert "with CI=true every test must be: " in done.stdout
    assert "no tool" in done.stdout


def test_an_expected_failure_is_none(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.xfail\ndef test_one():\n    assert False\n"

    assert _run(tmp_path, text, "true").returncode == 0
