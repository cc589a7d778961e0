"""Every variable of the root module, changed alone: what is destroyed is documented, or the change is refused.

The plans are the real binary's, over a stand-in of the providers (infrastructure/testing).
"""

import importlib
import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import text

REPOSITORY = Path(__file__).resolve().parents[3]
URI = "mongodb://job_processor:p@10.20.2.10,10.20.2.11/job_processor"
CLUSTER = {"app_password": "a" * 32, "root_password": "b" * 32}
CERTIFICATE = {"certificate": "c", "private_key": "k"}
LARGE: dict[str, Any] = {
    "domain": "jobs.example.com",
    "dns_zone": "example.com",
    "app_count": 3,
    "load_balancer": True,
    "mongodb_cluster": CLUSTER,
    "mongodb_uri": URI,
    "webhook_secret": "s" * 32,
    "azure_monthly_budget": {"amount": 50, "emails": ["you@example.com"]},
}

# By variable: another value, for one server and for three.
CHANGES: dict[str, Any] = {
    "api_allowed_cidrs": ["198.51.100.0/24"],
    "app_count": 2,
    "auth": "proxy",
    "azure_account_name": "another-account",
    "azure_flow_options": {"max_completion_tokens": 99},
    "azure_identity": {"tenant_id": "t", "client_id": "c", "client_secret": "s"},
    "azure_keys_enabled": False,
    "azure_location": "westeurope",
    "azure_model": {"name": "another-model", "version": "test"},
    "azure_monthly_budget": None,
    "basic_auth_password": "p" * 32,
    "data_volume": False,
    "dns_zone": "",
    "domain": "other.example.com",
    "image": "ubuntu-26.04",
    "image_prefix": "registry.example.com/x",
    "load_balancer": False,
    "load_balancer_certificate": CERTIFICATE,
    "load_balancer_type": "lb21",
    "location": "fsn1",
    "mongodb_cluster": None,
    "mongodb_uri": "mongodb+srv://db.example.com/jobs",
    "name": "other",
    "network_cidr": "10.30.0.0/16",
    "oidc": {"issuer": "https://id.example.com", "client_id": "c"},
    "oidc_client_secret": "s",
    "operator_secrets": {"alert-webhook-url": "https://alerts.example.com/x"},
    "profiles": [],
    "protect": False,
    "repository_ref": "v2.0.0",
    "repository_url": "https://git.example.com/other/job-processor.git",
    "server_backups": True,
    "server_type": "cx33",
    "settings": {"RETENTION_DAYS": "7"},
    "ssh_allowed_cidrs": ["203.0.113.8/32"],
    "ssh_public_key": "ssh-ed25519 BBBB you@example.com",
    "volume_size_gb": 40,
    "webhook_secret": "w" * 32,
}
# They name the clouds' accounts: other ones are other installations.
NOT_CHANGED = {"hcloud_token", "azure_subscription_id"}

# What an accepted change may destroy: nothing that holds data or a name, but for what docs/cloud.md says of it.
DESTROYED = {
    "app_count": r"module\.hetzner\.(hcloud_(server|primary_ip|load_balancer_target)\.app|terraform_data\.\w+)\[2\]",
    "azure_monthly_budget": r"module\.azure\.azurerm_consumption_budget_resource_group\.this\[0\]",
    "dns_zone": r"module\.hetzner\.hcloud_zone_rrset\.app\[0\]",
    "load_balancer_certificate": r"module\.hetzner\.hcloud_managed_certificate\.app\[0\]",
    "ssh_public_key": r"module\.hetzner\.hcloud_ssh_key\.operator",
}
# Refused for both, and named: by reasons of the clouds, not of the servers' settings.
CANNOT_CHANGE = {
    "azure_account_name": "azure_account_name cannot change",
    "azure_location": "azure_location cannot change",
    "name": "name cannot change",
    "network_cidr": "network_cidr cannot change",
    "location": "location cannot change",
}

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tf") is None, reason="needs backend/requirements/infra.txt"),
    pytest.mark.skipif(
        (shutil.which("terraform") or shutil.which("tofu")) is None, reason="neither terraform nor tofu is on PATH"
    ),
    pytest.mark.timeout(600),  # the real binary, on a machine that may be busy
]


@pytest.fixture(scope="module", params=["one server", "three servers"])
def applied(request: pytest.FixtureRequest) -> Iterator[Any]:
    sys.path.insert(0, str(REPOSITORY))
    with importlib.import_module("infrastructure.testing.journey").journey() as journey:
        sys.path.remove(str(REPOSITORY))
        # The servers of three have no volume of their own: nothing but the rules keeps their place.
        large = LARGE | {"data_volume": False, "mongodb_cluster": None}
        journey.apply({"domain": "jobs.example.com"} if request.param == "one server" else large)
        yield journey


def test_every_variable_is_changed() -> None:
    declared = re.findall(r'^variable "(\w+)"', (REPOSITORY / "infrastructure/variables.tf").read_text(), re.MULTILINE)
    assert set(declared) - NOT_CHANGED == CHANGES.keys()


@pytest.mark.parametrize("variable", CHANGES)
def test_a_change_destroys_nothing_undocumented(applied: Any, variable: str) -> None:
    plan = applied.plan({variable: CHANGES[variable]})
    if variable in CANNOT_CHANGE:
        assert CANNOT_CHANGE[variable] in plan.refused
    unexpected = {one for one in plan.destroyed if not re.fullmatch(DESTROYED.get(variable, "nothing"), one)}
    assert plan.refused or not unexpected
    assert f"`{variable}" in text("docs/cloud.md").partition("## Change a setting")[2].partition("\n## ")[0]


def test_the_account_goes_when_that_is_asked_for() -> None:
    """The command of the guide, with both resources replaced."""
    command = re.findall(
        r"-replace='([^']+)'", text("docs/cloud.md").partition("If it shall go: ")[2].partition(" |")[0]
    )
    sys.path.insert(0, str(REPOSITORY))
    with importlib.import_module("infrastructure.testing.journey").journey() as journey:
        sys.path.remove(str(REPOSITORY))
        journey.apply({"domain": "jobs.example.com"})
        other = {"azure_account_name": "another-account"}
        assert "azure_account_name cannot change" in journey.plan(other, replace=tuple(command[1:])).refused
        done = journey.apply(other, replace=tuple(command))
        assert "module.azure.azurerm_cognitive_account.openai" in done.destroyed
        assert journey.outputs()["azure_endpoint"] == "https://another-account.openai.azure.com/"
        assert journey.plan().is_empty
