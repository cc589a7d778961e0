"""From one state of the cloud to another: what a change destroys, and which changes are refused, in words.

The plans are the real binary's, over a stand-in of the providers (infrastructure/testing).
"""

import base64
import importlib
import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from job_processor import commands
from tests.docs.pages import text
from tests.infra.test_compose_environment import composed
from tests.infra.test_servers_scripts import Server

REPOSITORY = Path(__file__).resolve().parents[3]
SERVER, FIRST_BOOT = "module.hetzner.hcloud_server.app", "module.hetzner.terraform_data.first_boot"
VOLUME, ATTACHMENT = "module.hetzner.hcloud_volume.data[0]", "module.hetzner.hcloud_volume_attachment.data[0]"
REBUILT = {f"{SERVER}[0]", ATTACHMENT, f"{FIRST_BOOT}[0]"}
PASSWORDS = {"app_password": "a" * 32, "root_password": "b" * 32}
PROVIDER = {"issuer": "https://id.example.com", "client_id": "job-processor"}
IDENTITY = {"tenant_id": "t", "client_id": "c", "client_secret": "s"}

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tf") is None, reason="needs backend/requirements/infra.txt"),
    pytest.mark.skipif(
        (shutil.which("terraform") or shutil.which("tofu")) is None, reason="neither terraform nor tofu is on PATH"
    ),
    pytest.mark.timeout(600),  # the real binary, on a machine that may be busy
]


@pytest.fixture(scope="module")
def one_server() -> Iterator[Any]:
    """After the first apply of the guide. Tests plan from here, and apply nothing."""
    sys.path.insert(0, str(REPOSITORY))
    with importlib.import_module("infrastructure.testing.journey").journey() as journey:
        sys.path.remove(str(REPOSITORY))
        assert journey.apply({"domain": "jobs.example.com"}).destroyed == frozenset()
        yield journey


def promised(plan: Any) -> bool:
    """The guide says what the plan prints."""
    line = f"Plan: {len(plan.created)} to add, {len(plan.changed)} to change, {len(plan.destroyed)} to destroy."
    return line in text("docs/cloud.md")


def test_a_second_apply_changes_nothing(one_server: Any) -> None:
    assert one_server.plan().is_empty


# By the variable that is named when its change is refused.
UNLEARNED: dict[str, dict[str, Any]] = {
    "repository_ref": {"repository_ref": "v2.0.0"},
    "domain": {"domain": "other.example.com"},
    "api_allowed_cidrs": {"auth": "proxy", "api_allowed_cidrs": ["198.51.100.0/24"]},
    "oidc": {"oidc": PROVIDER},
    "oidc_client_secret": {"oidc": PROVIDER, "oidc_client_secret": "s"},
    "load_balancer": {"load_balancer": True, "dns_zone": "example.com"},
    "azure_identity": {"azure_keys_enabled": False, "azure_identity": IDENTITY},
    "azure_keys_enabled": {"azure_keys_enabled": False, "azure_identity": IDENTITY},
    "azure_flow_options": {"azure_flow_options": {"max_completion_tokens": 99}},
    "azure_model": {"azure_model": {"name": "another-model", "version": "test"}},
    "profiles": {"profiles": ["backup", "observability"], "server_type": "cx33"},
    "RETENTION_DAYS": {"settings": {"RETENTION_DAYS": "7"}},
    "mongodb_uri": {"mongodb_uri": "mongodb+srv://db.example.com/jobs"},
    "webhook_secret": {"webhook_secret": "s" * 32},
    "alert-webhook-url": {"operator_secrets": {"alert-webhook-url": "https://alerts.example.com/x"}},
}


def refused_names(refused: str) -> set[str]:
    assert "Server 1 was set up with other values of: " in refused, refused
    assert f"-replace='{SERVER}[0]'" in refused
    listed = refused.partition("with other values of: ")[2].partition(". A running server")[0]
    return {name for part in listed.split(", ") for name in part.split(" or ")}


def test_what_a_running_server_would_not_learn_is_refused(one_server: Any) -> None:
    together = {name: value for change in UNLEARNED.values() for name, value in change.items()}
    del together["api_allowed_cidrs"]  # not with a load balancer
    del together["auth"]  # not with an identity provider
    together["domain"] = "other.example.com"
    named = refused_names(one_server.plan(together).refused)
    assert named - {"the key at Azure"} == UNLEARNED.keys() - {"api_allowed_cidrs"}
    declared = (REPOSITORY / "infrastructure/variables.tf").read_text()
    settings = {"RETENTION_DAYS", "alert-webhook-url", "the key at Azure"}
    assert [name for name in named - settings if f'variable "{name}"' not in declared] == []


@pytest.mark.parametrize("named", ["repository_ref", "domain", "load_balancer", "api_allowed_cidrs"])
def test_each_alone_is_refused(one_server: Any, named: str) -> None:
    assert named in refused_names(one_server.plan(UNLEARNED[named]).refused)


def test_another_kind_of_login_is_refused(one_server: Any) -> None:
    assert refused_names(one_server.plan({"auth": "proxy"}).refused) == {"auth"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"azure_keys_enabled": False}, "needs either the account's key (azure_keys_enabled = true) or azure_identity"),
        ({"data_volume": False, "mongodb_uri": "mongodb+srv://db.example.com/jobs"}, "Instance cannot be destroyed"),
        ({"location": "fsn1"}, "Instance cannot be destroyed"),
        ({"app_count": 3}, "app_count > 1 needs"),
    ],
)
def test_what_would_break_it_is_refused(one_server: Any, change: dict[str, Any], words: str) -> None:
    assert words in one_server.plan(change).refused


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"volume_size_gb": 40, "image": "ubuntu-26.04"}, {VOLUME}),
        ({"server_type": "cx33", "server_backups": True}, {f"{SERVER}[0]"}),
    ],
)
def test_what_the_cloud_changes_in_place(one_server: Any, change: dict[str, Any], changed: set[str]) -> None:
    plan = one_server.plan(change)
    assert (plan.refused, plan.changed, plan.created, plan.destroyed) == ("", changed, set(), set())


def test_the_first_boot_ends_with_azure_as_the_default_flow(
    one_server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the plan to the running configuration: user data, the real first-boot script, what Compose gives to the
    container, and what the application makes of it."""
    server = Server(tmp_path / "server", tmp_path / "disk")
    resources = one_server.resources()
    for file in importlib.import_module("yaml").safe_load(resources[f"{SERVER}[0]"]["user_data"])["write_files"]:
        content = base64.b64decode(file["content"]) if file.get("encoding") == "b64" else file["content"].encode()
        path = server.root / file["path"].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    # Hetzner takes no more.
    assert len(resources[f"{SERVER}[0]"]["user_data"]) < 32_768
    (server.root / f"dev/disk/by-id/scsi-0HC_Volume_{resources[VOLUME]['id']}").touch()
    server.boot()

    brought = server.root / "etc/job-processor/secrets"
    assert [one.name for one in brought.iterdir()] == ["azure-openai-api-key"]
    secrets = shutil.copytree(brought, tmp_path / "volume")
    # What the stack generates at its first start.
    for name in ("webhook-secret", "app-n8n-token"):
        (secrets / name).write_text("0e7c1a42d95fb386c4e1d27a5f98b063")
    given = composed("backend", {}, server.root / "opt/job-processor/.env")
    environment = {
        name: value.replace("/run/job-processor", str(secrets)).replace(
            "/etc/job-processor", str(server.disk / "flows")
        )
        for name, value in given.items()
    }
    del environment["MONGODB_URI_FILE"]  # the database is not here; a directory stands in
    assert commands.check(environment | {"DATA_DIR": str(tmp_path / "data"), "HOST": "0.0.0.0"}) == 0
    said = capsys.readouterr().out
    assert "flow chat: azure-openai, 3 attempts (default)" in said
    assert re.search(r"^PUBLIC_URL +https://jobs.example.com$", said, re.MULTILINE)


def test_a_rebuild_destroys_the_server_and_nothing_else(one_server: Any) -> None:
    plan = one_server.plan({"repository_ref": "v2.0.0"}, replace=(f"{SERVER}[0]",))
    assert (plan.refused, plan.destroyed) == ("", REBUILT)
    assert promised(plan)


def test_an_acknowledged_change_touches_no_server(one_server: Any) -> None:
    plan = one_server.plan({"repository_ref": "v2.0.0"}, replace=(f"{FIRST_BOOT}[0]",))
    assert (plan.refused, plan.destroyed, plan.changed) == ("", {f"{FIRST_BOOT}[0]"}, set())


def test_nothing_destroys_the_volume_unasked(one_server: Any) -> None:
    assert "Instance cannot be destroyed" in one_server.destroy().refused


def test_from_one_server_to_three_and_back() -> None:
    """The way of docs/cloud.md, step by step."""
    sys.path.insert(0, str(REPOSITORY))
    with importlib.import_module("infrastructure.testing.journey").journey() as journey:
        sys.path.remove(str(REPOSITORY))
        assert promised(journey.apply({"domain": "jobs.example.com", "dns_zone": "example.com"}))

        cluster = journey.apply({"mongodb_cluster": PASSWORDS})
        assert promised(cluster)
        assert (cluster.destroyed, cluster.changed) == (set(), set())
        assert len([name for name in cluster.created if "hcloud_server.node" in name]) == 3
        nodes = [one["user_data"] for name, one in journey.resources().items() if "hcloud_server.node" in name]
        assert [f'"127.0.0.1,10.20.2.1{n}"' in node for n, node in enumerate(nodes)] == [True] * 3

        several = {
            "app_count": 3,
            "load_balancer": True,
            "mongodb_uri": journey.outputs()["mongodb_uri"],
            "webhook_secret": "s" * 32,
        }
        assert "Server 1 was set up with other values" in journey.plan(several).refused
        scaled = journey.apply(several, replace=(f"{SERVER}[0]",))
        assert scaled.destroyed == REBUILT
        assert promised(scaled)
        assert journey.plan().is_empty

        back = journey.apply({"app_count": 1, "protect": False})
        assert {name for name in back.destroyed if "volume" in name} == set()
        assert {name for name in back.destroyed if "hcloud_server" in name} == {f"{SERVER}[1]", f"{SERVER}[2]"}
        assert {VOLUME, ATTACHMENT} <= journey.resources().keys()

        journey.forget(ATTACHMENT, VOLUME)
        retired = journey.plan({"data_volume": False}, replace=(f"{SERVER}[0]",))
        assert (retired.refused, {name for name in retired.destroyed if "volume" in name}) == ("", set())
