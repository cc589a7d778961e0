"""The small programs inside the containers, and what two files must agree on."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import yaml

from job_processor.settings import load
from tests.infra.backup_programs import Machine

REPOSITORY = Path(__file__).resolve().parents[3]
CONTAINERS = REPOSITORY / "infrastructure/containers"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


def test_secrets_are_strong_private_and_stay(machine: Machine) -> None:
    first = machine.make_secrets()
    assert len(first["webhook-secret"]) >= 32
    assert first["mongodb-app-password"] in first["mongodb-uri"]
    assert first["n8n-webhook-secret"] == first["webhook-secret"]
    assert first["app-n8n-token"] == first["n8n-token"]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in machine.secrets.iterdir()}
    assert modes == {0o400}
    assert machine.make_secrets() == first


def test_what_the_operator_brings_wins(machine: Machine) -> None:
    machine.make_secrets()
    brought = "0123456789abcdef0123456789abcdef"
    (machine.operator / "webhook-secret").write_text(brought + "\n", encoding="utf-8")
    (machine.operator / "mongodb-uri").write_text("mongodb://db.example.com/jobs", encoding="utf-8")
    after = machine.make_secrets()
    assert after["webhook-secret"] == after["n8n-webhook-secret"] == brought
    assert after["mongodb-uri"] == "mongodb://db.example.com/jobs"


def test_a_password_that_the_operator_chose_is_encoded_in_the_address(machine: Machine) -> None:
    machine.make_secrets()
    (machine.operator / "mongodb-app-password").write_text("p@ss/wörd:1", encoding="utf-8")
    uri = machine.make_secrets()["mongodb-uri"]
    assert uri.startswith("mongodb://job_processor:p%40ss%2Fw%C3%B6rd%3A1@mongodb:27017/")


def test_rotation_keeps_the_secret_before(machine: Machine) -> None:
    before = machine.make_secrets()
    after = machine.make_secrets("--rotate", "webhook-secret")
    assert after["webhook-secret-previous"] == before["webhook-secret"]
    assert after["webhook-secret"] != before["webhook-secret"]
    assert after["n8n-webhook-secret"] == after["webhook-secret"]


def compose_hosts(**given: str) -> str:
    """What Compose hands the API as ALLOWED_HOSTS, with these in .env."""
    found = re.search(r'ALLOWED_HOSTS: "(.*)"', (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
    assert found is not None
    return re.sub(r"\$\{(\w+):-([^}]*)}", lambda m: given.get(m[1]) or m[2], found[1])


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"SITE_HOST": "jobs.example.com", "ALLOWED_HOSTS": "jobs.internal,10.0.0.5"},
        {"BIND_ADDRESS": "10.0.0.5", "API_BIND_ADDRESS": "fd00::5"},
    ],
)
def test_the_stack_names_the_hosts_it_answers_to(given: dict[str, str]) -> None:
    loaded = load(
        {
            "APP_ENV": "production",
            "HOST": "0.0.0.0",
            "AUTH": "proxy",
            "WEBHOOK_SECRET": "9f1c27d04be85a36c7e20d14f58b963a",
            "ALLOWED_HOSTS": compose_hosts(**given),
        }
    )

    assert {"localhost", "127.0.0.1", "[::1]", "backend"} <= set(loaded.allowed_hosts)
    for name in ",".join(given.values()).split(","):
        assert {name, f"[{name}]"} & set(loaded.allowed_hosts) or not name
    assert "evil.example" not in loaded.allowed_hosts


def test_every_place_starts_the_same_mongodb() -> None:
    """The stack, the three database servers, the substitutes of the checks, and CI."""
    files = ["docker-compose.yml", "infrastructure/mongodb/variables.tf", "scripts/infra/compose-substitutes"]
    files.append(".github/workflows/ci.yml")
    images = {file: set(re.findall(r"\bmongo:[\w.-]+", (REPOSITORY / file).read_text())) for file in files}
    (expected,) = images["docker-compose.yml"]
    assert images == {file: {expected} for file in files}


def test_dependabot_sees_every_module_with_a_provider() -> None:
    wanted = yaml.safe_load((REPOSITORY / ".github/dependabot.yml").read_text())["updates"]
    (listed,) = (one["directories"] for one in wanted if one["package-ecosystem"] == "terraform")
    seen = {folder for pattern in listed for folder in REPOSITORY.glob(pattern[1:])}
    files = (REPOSITORY / "infrastructure").rglob("*.tf")
    assert {file.parent for file in files if "required_providers" in file.read_text()} == seen
