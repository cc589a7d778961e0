"""What the containers get from Compose, read by the application's own code: secrets in files arrive."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from job_processor import commands

REPOSITORY = Path(__file__).resolve().parents[3]
COMPOSE = Path(sys.executable).parent / "docker-compose"

FLOWS = """
[flows.chat]
processor = "azure-openai"
endpoint = "https://example.openai.azure.com"
deployment = "chat"
api_key_env = "AZURE_OPENAI_API_KEY"

[flows.n8n]
processor = "n8n"
url = "http://n8n:5678/webhook/job-processor"
token_env = "N8N_TOKEN"
"""

pytestmark = pytest.mark.skipif(importlib.util.find_spec("hcl2") is None, reason="needs backend/requirements/infra.txt")


def composed(service: str, given: Mapping[str, str], env_file: Path = Path(os.devnull)) -> dict[str, str]:
    """The environment of the service's container, as Compose makes it from these variables and the file."""
    # Variables that are passed on without a value of their own come out empty if nothing sets them.
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | dict(given)
    command = [str(COMPOSE), "--env-file", str(env_file), "config", "--format", "json"]
    done = subprocess.run(command, cwd=REPOSITORY, env=clean, capture_output=True, text=True, check=True, timeout=60)
    environment: dict[str, str | None] = json.loads(done.stdout)["services"][service]["environment"]
    return {name: value for name, value in environment.items() if value is not None}


@pytest.mark.parametrize("service", ["backend", "worker"])
@pytest.mark.parametrize("from_file", [True, False])
def test_azures_key_arrives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], service: str, *, from_file: bool
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("azure-openai-api-key", "app-n8n-token", "webhook-secret"):
        (secrets / name).write_text(f"{name}-0123456789abcdefghij\n")
    (tmp_path / "flows.toml").write_text(FLOWS)
    given = (
        {"AZURE_OPENAI_API_KEY_FILE": "/run/job-processor/azure-openai-api-key"}
        if from_file
        else {"AZURE_OPENAI_API_KEY": "in-the-environment"}
    )
    environment = {
        name: value.replace("/run/job-processor", str(secrets)).replace("/etc/job-processor", str(tmp_path))
        for name, value in composed(service, given).items()
    }
    # The containers' database is not here; a directory stands in.
    del environment["MONGODB_URI_FILE"]
    assert commands.check(environment | {"DATA_DIR": str(tmp_path / "data"), "HOST": "0.0.0.0"}) == 0
    assert "flow chat: azure-openai" in capsys.readouterr().out
    if from_file:
        (secrets / "azure-openai-api-key").unlink()
        with pytest.raises(commands.CommandFailed, match="the file that AZURE_OPENAI_API_KEY_FILE names cannot be"):
            commands.check(environment | {"DATA_DIR": str(tmp_path / "data"), "HOST": "0.0.0.0"})
