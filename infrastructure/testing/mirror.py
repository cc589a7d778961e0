"""Write the fake provider as a provider mirror, so that `terraform init` needs no network."""

from __future__ import annotations

import platform
import shlex
import sys
from pathlib import Path

from .schema import load

MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
REPOSITORY = Path(__file__).resolve().parents[2]


def write_mirror(folder: Path) -> Path:
    """Write the mirror below `folder`; returns the CLI configuration file that points at it."""
    target = f"{platform.system().lower()}_{MACHINES[platform.machine().lower()]}"
    # Terraform and OpenTofu each use their own registry's host name.
    for registry in ("registry.terraform.io", "registry.opentofu.org"):
        for name, provider in load().items():
            home = folder / "mirror" / registry / provider.source / provider.version / target
            home.mkdir(parents=True, exist_ok=True)
            program = home / f"terraform-provider-{name}_v{provider.version}"
            program.write_text(_launcher(program.name), encoding="utf-8")
            program.chmod(0o755)
    configuration = folder / "cli.tfrc"
    configuration.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{folder}/mirror"\n  }}\n}}\n',
        encoding="utf-8",
    )
    return configuration


def _launcher(name: str) -> str:
    """A shell script, because a `#!` line cannot hold every path; the provider reads its name from argv[0]."""
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); sys.argv[0] = {name!r}; "
        "from infrastructure.testing.stand_in_provider import main; main()"
    )
    return f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)}\n"
