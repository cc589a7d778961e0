"""The checks of infrastructure/ find what they are there to find.

Each test plants one mistake in a copy and expects it to be named. That the folder itself is clean is what
`scripts/infra/test-infra` checks.
"""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = shutil.which("terraform") or shutil.which("tofu")

pytestmark = pytest.mark.skipif(importlib.util.find_spec("hcl2") is None, reason="needs backend/requirements/infra.txt")
needs_binary = pytest.mark.skipif(BINARY is None, reason="neither terraform nor tofu is on PATH")


@pytest.fixture
def infrastructure(tmp_path: Path) -> Path:
    copy = tmp_path / "infrastructure"
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars", "__pycache__")
    shutil.copytree(REPOSITORY / "infrastructure", copy, ignore=ignored)
    return copy


def plant(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} must stand exactly once in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str


Check = Callable[..., Done]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """``check(MODULE, ARGUMENT...)``: what the program ``infrastructure.testing.MODULE`` says.

    In this process: loading the grammar of the language takes longer than the check.
    """
    monkeypatch.syspath_prepend(REPOSITORY)

    def run(module: str, *arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", [module, *arguments])
        code = importlib.import_module(f"infrastructure.testing.{module}").main()
        return Done(code, capsys.readouterr().out)

    return run


def test_clean_folder_passes(infrastructure: Path, check: Check) -> None:
    result = check("check", *(str(infrastructure / name) for name in (".", "hetzner", "azure")))
    assert result.returncode == 0, result.stdout
    assert "3 folders, 0 problems" in result.stdout


def test_wrong_attribute_is_found(infrastructure: Path, check: Check) -> None:
    plant(infrastructure / "hetzner/volume.tf", "size   ", "sizes  ")
    result = check("check", str(infrastructure / "hetzner"))
    assert result.returncode == 1
    assert "hcloud_volume.data: unknown argument 'sizes' (did you mean 'size'?)" in result.stdout


def test_missing_required_attribute_is_found(infrastructure: Path, check: Check) -> None:
    plant(infrastructure / "azure/main.tf", '  kind                = "OpenAI"\n', "")
    result = check("check", str(infrastructure / "azure"))
    assert result.returncode == 1
    assert "azurerm_cognitive_account.openai: missing required argument 'kind'" in result.stdout


def test_missing_required_block_is_found(infrastructure: Path, check: Check) -> None:
    main = infrastructure / "azure/main.tf"
    main.write_text(main.read_text(encoding="utf-8").partition("  model {")[0] + "}\n", encoding="utf-8")
    result = check("check", str(infrastructure / "azure"))
    assert result.returncode == 1
    assert "azurerm_cognitive_deployment.model: missing required block 'sku'" in result.stdout


def test_dangling_reference_is_found(infrastructure: Path, check: Check) -> None:
    plant(infrastructure / "hetzner/outputs.tf", "= local.private_addresses", "= local.addresses")
    result = check("check", str(infrastructure / "hetzner"))
    assert result.returncode == 1
    assert "reference to undeclared local.addresses" in result.stdout


def test_wrong_type_is_found(infrastructure: Path, check: Check) -> None:
    plant(infrastructure / "hetzner/volume.tf", "automount = false", 'automount = "never"')
    result = check("check", str(infrastructure / "hetzner"))
    assert result.returncode == 1
    assert "hcloud_volume_attachment.data: 'automount' must be a bool" in result.stdout


@needs_binary
@pytest.mark.timeout(300)  # the real binary, on a machine that may be busy
@pytest.mark.parametrize("port", ["27017", "27000-28000"])
def test_open_database_port_is_found(infrastructure: Path, check: Check, port: str) -> None:
    rule = (
        'rule {\n    direction  = "in"\n    protocol   = "tcp"\n'
        f'    port       = "{port}"\n    source_ips = local.anywhere\n  }}\n\n  rule {{\n    direction   = "in"\n'
        '    protocol    = "icmp"'
    )
    plant(
        infrastructure / "hetzner/firewall.tf",
        'rule {\n    direction   = "in"\n    protocol    = "icmp"',
        rule,
    )
    result = check("run", str(infrastructure), "--only", "hetzner", "--tests", "tests/firewall.tftest.hcl")
    assert result.returncode == 1
    assert "the database port 27017 must not be reachable from outside" in result.stdout
