"""All checks of `infrastructure/` that need no cloud: `scripts/infra/test-infra` calls this.

The schema check always runs. With `terraform` or `tofu` on PATH the real binary formats, validates, plans and tests a
copy of the folder over the stand-in provider.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .check import check_folder
from .schema import load
from .stand_in_provider import serving

REPOSITORY = Path(__file__).resolve().parents[2]

ROOTS = (".", "examples/hetzner-only", "examples/azure-only")
MODULES = ("hetzner", "azure", "mongodb")
# Dummy values for the plan of each root module; no real credentials.
PLAN_VARIABLES = {
    "hcloud_token": "0" * 64,
    "azure_subscription_id": "00000000-0000-0000-0000-000000000000",
    "ssh_public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample you@example.com",
    "ssh_allowed_cidrs": '["203.0.113.7/32"]',
    "repository_url": "https://git.example.com/you/job-processor.git",
    "repository_ref": "v1.0.0",
    "azure_account_name": "example-jobs",
    "account_name": "example-jobs",
    "azure_model": '{ name = "example-model", version = "test" }',
    "model": '{ name = "example-model", version = "test" }',
}
NEVER_COPIED = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars", "__pycache__")


def find_binary() -> str | None:
    return shutil.which("terraform") or shutil.which("tofu")


def static_problems(infrastructure: Path) -> list[str]:
    providers = load()
    folders = [infrastructure / name for name in (*ROOTS, *MODULES)]
    return [problem for folder in folders for problem in check_folder(folder, providers)]


def run_binary(binary: str, infrastructure: Path, only: str | None = None, tests: str | None = None) -> list[str]:
    """Format check, init, validate, plan and test on a copy; returns what failed. ``tests``: one file of tests."""
    chosen = [] if tests is None else [f"-filter={tests}"]
    roots, modules = _chosen(ROOTS, only), _chosen(MODULES, only)
    with tempfile.TemporaryDirectory(prefix="job-processor-infra-") as scratch, serving() as providers:
        copy = Path(scratch) / "infrastructure"
        shutil.copytree(infrastructure, copy, ignore=NEVER_COPIED)
        environment = os.environ | {
            **providers,
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            **{f"TF_VAR_{name}": value for name, value in PLAN_VARIABLES.items()},
        }
        steps = [(".", ["fmt", "-check", "-recursive", "-diff"])]
        for folder in (*roots, *modules):
            steps += [(folder, ["init", "-no-color", "-input=false"])]
            steps += [(folder, ["validate", "-no-color"])]
        steps += [(folder, ["plan", "-no-color", "-input=false"]) for folder in roots]
        steps += [(folder, ["test", "-no-color", *chosen]) for folder in _chosen((".", *MODULES), only)]
        return [
            f"{Path(binary).name} {arguments[0]} in {folder}"
            for folder, arguments in steps
            if not _step([binary, *arguments], copy / folder, folder, environment)
        ]


def _chosen(folders: tuple[str, ...], only: str | None) -> list[str]:
    return [folder for folder in folders if only in (None, folder)]


def _step(command: list[str], cwd: Path, folder: str, environment: dict[str, str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"{command[1]:<9} {folder:<23} {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr)
    elif command[1] == "test":
        print(f"{'':<10}{done.stdout.strip().splitlines()[-1]}")
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Check infrastructure/ without a cloud.")
    parser.add_argument("infrastructure", nargs="?", type=Path, default=REPOSITORY / "infrastructure")
    parser.add_argument("--only", help="run the binary in this one folder, for example hetzner")
    parser.add_argument("--tests", help="run this one file of its tests, for example tests/firewall.tftest.hcl")
    arguments = parser.parse_args()
    problems = static_problems(arguments.infrastructure)
    for problem in problems:
        print(f"ERROR {problem}")
    print(f"schema    {'ok' if not problems else 'FAILED'}", flush=True)
    binary = find_binary()
    if binary is None:
        print("NOT RUN: neither terraform nor tofu is on PATH; only the schema check was made")
        if os.environ.get("CI") == "true":
            problems.append("with CI=true the real binary is wanted")
    else:
        problems += run_binary(binary, arguments.infrastructure, arguments.only, arguments.tests)
    print(f"test-infra: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
