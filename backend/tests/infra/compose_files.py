"""What the real docker-compose makes of our compose files."""

import functools
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
COMPOSE = Path(sys.executable).parent / "docker-compose"
MAIN, SQLITE = "docker-compose.yml", "compose.sqlite.yml"
FILES = pytest.mark.parametrize("file", [MAIN, SQLITE])

needs_compose = pytest.mark.skipif(
    importlib.util.find_spec("hcl2") is None, reason="needs backend/requirements/infra.txt"
)


@functools.cache
def _configured(file: str, env_file: str, given: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **dict(given)}
    files = [word for one in file.split(":") for word in ("-f", one)]
    command = [str(COMPOSE), "--env-file", env_file, *files, "--profile", "*", "config", "--format", "json"]
    done = subprocess.run(command, cwd=REPOSITORY, env=clean, capture_output=True, text=True, check=True, timeout=60)
    model: dict[str, Any] = json.loads(done.stdout)
    return model


def configured(file: str, given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The services by name, with every profile and these variables; computed once each.

    ``file``: one, or several with colons between them.
    """
    services: dict[str, Any] = _configured(file, os.devnull, tuple(sorted((given or {}).items())))["services"]
    return services


def environment(file: str, service: str, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a container of the service finds set: Compose leaves out variables without a value."""
    found = configured(file, given)[service].get("environment", {})
    return {name: value for name, value in found.items() if value is not None}
