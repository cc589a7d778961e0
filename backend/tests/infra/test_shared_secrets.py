"""What several servers must have in common, and what the root module passes on."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
INFRASTRUCTURE = REPOSITORY / "infrastructure"

# Drawn at random by each server, and met at that server only: its own database, n8n, Grafana and backups.
OF_ONE_SERVER = {
    "n8n-token",
    "n8n-encryption-key",
    "mongodb-key-file",
    "mongodb-root-password",
    "mongodb-app-password",
    "grafana-admin-password",
    "backup-identity",
}


def generated() -> set[str]:
    """The secrets that the stack makes when nobody brings them; not those that follow from another one."""
    source = (INFRASTRUCTURE / "containers/make_secrets.py").read_text(encoding="utf-8")
    derived = set(re.findall(r'"([a-z0-9.-]+)"', source.partition("DERIVED = frozenset(")[2].partition(")")[0]))
    made = dict(re.findall(r'Secret\("([a-z0-9.-]+)", \w+, (\w+)', source))
    assert len(made) > 8
    return {name for name, maker in made.items() if maker != "None"} - derived


def variables(folder: Path) -> set[str]:
    return set(re.findall(r'^variable "(\w+)"', (folder / "variables.tf").read_text(encoding="utf-8"), re.MULTILINE))


def test_every_generated_secret_is_shared_or_of_one_server() -> None:
    settings = (INFRASTRUCTURE / "hetzner/settings.tf").read_text(encoding="utf-8")
    shared = set(re.findall(r'"([a-z-]+)" *= "\w+"', settings.partition("shared_secrets = {")[2].partition("}")[0]))
    assert shared == {"webhook-secret", "basic-auth-password"}
    assert generated() - shared - OF_ONE_SERVER == set(), "must several servers share it? Then Terraform delivers it"


def test_the_root_has_every_variable_of_the_module() -> None:
    # From the model at Azure, and not worth a variable.
    elsewhere = {"azure_openai", "azure_openai_api_key", "labels"}
    assert variables(INFRASTRUCTURE / "hetzner") - variables(INFRASTRUCTURE) == elsewhere
    main = (INFRASTRUCTURE / "main.tf").read_text(encoding="utf-8").partition('module "hetzner"')[2]
    passed = set(re.findall(r"^  (\w+) += ", main.partition("\n}")[0], re.MULTILINE))
    assert passed - {"source"} == variables(INFRASTRUCTURE / "hetzner") - {"labels"}
