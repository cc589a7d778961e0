"""The files for Fly, Render and Railway: each gives settings with which the product starts, behind API keys."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from job_processor import __version__
from job_processor.settings import load

REPOSITORY = Path(__file__).resolve().parents[3]
PLATFORMS = REPOSITORY / "infrastructure/platforms"
SECRET = "9f1c27d04be85a36c7e20d14f58b963a"


def fly() -> dict[str, Any]:
    return tomllib.loads((PLATFORMS / "fly.toml").read_text(encoding="utf-8"))


def render() -> dict[str, Any]:
    (service,) = yaml.safe_load((PLATFORMS / "render.yaml").read_text(encoding="utf-8"))["services"]
    made: dict[str, Any] = service
    return made


def railway() -> dict[str, str]:
    lines = (PLATFORMS / "railway.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def environments() -> dict[str, dict[str, str]]:
    rendered = {one["key"]: one.get("value", SECRET) for one in render()["envVars"]}
    return {
        "fly": fly()["env"] | {"WEBHOOK_SECRET": SECRET},
        "render": rendered,
        "railway": railway() | {"WEBHOOK_SECRET": SECRET},
    }


@pytest.mark.parametrize("platform", ["fly", "render", "railway"])
def test_the_settings_start_the_product_behind_keys(platform: str) -> None:
    given = environments()[platform]
    loaded = load({"HOST": "0.0.0.0", "PORT": "3000", "DATA_DIR": "/data"} | given)
    assert loaded.auth == "keys"
    host = given["PUBLIC_URL"].removeprefix("https://")
    assert host in loaded.allowed_hosts
    assert loaded.port == 3000


def test_the_database_is_on_the_disk_and_its_process_alone() -> None:
    assert fly()["mounts"]["destination"] == "/data"
    assert fly()["http_service"]["internal_port"] == 3000
    assert fly()["http_service"]["auto_stop_machines"] == "off"
    assert fly()["kill_timeout"] > 10
    assert render()["disk"]["mountPath"] == "/data"
    assert render()["numInstances"] == 1
    deploy = json.loads((PLATFORMS / "railway.json").read_text(encoding="utf-8"))["deploy"]
    assert deploy["requiredMountPath"] == "/data"
    assert "healthcheck.railway.app" in railway()["ALLOWED_HOSTS"]


def test_the_dockerfile_runs_one_process_of_this_version() -> None:
    text = (PLATFORMS / "Dockerfile").read_text(encoding="utf-8")
    image = f"job-processor-backend:v{__version__}"
    assert f"ARG IMAGE=ghcr.io/you/{image}" in text
    assert text.rstrip().endswith('CMD ["serve"]')
    assert fly()["build"]["args"]["IMAGE"].endswith(image)
    for file in (render()["dockerfilePath"], "infrastructure/platforms/Dockerfile"):
        assert (REPOSITORY / file).is_file()


def test_the_dockerfile_is_clean() -> None:
    hadolint = REPOSITORY / ".venv/bin/hadolint"
    done = subprocess.run([hadolint, PLATFORMS / "Dockerfile"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
