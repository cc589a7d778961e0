"""Our protocol overrides methods of uvicorn's and relies on how it writes answers: so its version is pinned exactly."""

import hashlib
import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

from uvicorn.protocols.http import httptools_impl

TRIED = "0.54.0"
READ = "1d4e1c579df41684"
"""The start of the SHA-256 of ``httptools_impl``, whose methods our protocol overrides and calls."""


def test_the_version_is_the_one_that_was_tried() -> None:
    """Another one: read what changed in httptools_impl, run tests/http, then change both constants."""
    assert version("uvicorn") == TRIED
    source = inspect.getsource(httptools_impl)
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == READ


def test_whoever_installs_gets_this_version() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"uvicorn=={TRIED}" in project["project"]["dependencies"]
