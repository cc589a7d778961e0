"""Plans from one state to the next, over the stand-in provider: what would be created, changed and destroyed.

`terraform test` sees one state at a time; what a change destroys shows only in a plan from one state to another.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .run import NEVER_COPIED, PLAN_VARIABLES, REPOSITORY, find_binary
from .stand_in_provider import serving


@dataclass(frozen=True)
class Plan:
    """``refused``: what the binary says when it does not plan at all; empty otherwise."""

    refused: str = ""
    created: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    destroyed: frozenset[str] = frozenset()
    """Resources that go; one that is replaced is created too."""

    @property
    def is_empty(self) -> bool:
        return not (self.refused or self.created or self.changed or self.destroyed)


@dataclass
class Journey:
    """One root module and its state."""

    binary: str
    folder: Path
    environment: dict[str, str]
    variables: dict[str, Any] = field(default_factory=dict)

    def plan(self, change: Mapping[str, Any] | None = None, *, replace: tuple[str, ...] = ()) -> Plan:
        """What would happen with these variables in addition to those applied before."""
        file = self.folder / "planned.tfvars.json"
        file.write_text(json.dumps({**self.variables, **(change or {})}), encoding="utf-8")
        options = [f"-replace={address}" for address in replace]
        command = [
            "plan",
            "-json",
            "-input=false",
            "-refresh=false",
            "-out=planned",
            f"-var-file={file.name}",
            *options,
        ]
        return _read(self._run(*command).stdout)

    def apply(self, change: Mapping[str, Any] | None = None, *, replace: tuple[str, ...] = ()) -> Plan:
        """Plan and carry it out. Raises ``AssertionError`` if it is refused."""
        plan = self.plan(change, replace=replace)
        assert not plan.refused, plan.refused
        done = self._run("apply", "-input=false", "planned")
        assert done.returncode == 0, done.stderr
        self.variables |= change or {}
        return plan

    def destroy(self) -> Plan:
        """What removing everything would do; plans only."""
        file = self.folder / "planned.tfvars.json"
        file.write_text(json.dumps(self.variables), encoding="utf-8")
        command = ["plan", "-json", "-destroy", "-input=false", "-refresh=false", f"-var-file={file.name}"]
        return _read(self._run(*command).stdout)

    def forget(self, *addresses: str) -> None:
        """Take resources out of the state; they exist all the same."""
        done = self._run("state", "rm", *addresses)
        assert done.returncode == 0, done.stderr

    def resources(self) -> dict[str, dict[str, Any]]:
        """The attributes of every resource in the state, by address."""
        shown = json.loads(self._run("show", "-json").stdout)
        return dict(_resources(shown["values"]["root_module"]))

    def outputs(self) -> dict[str, Any]:
        return {name: one["value"] for name, one in json.loads(self._run("output", "-json").stdout).items()}

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Subcommands of subcommands take no such option.
        plain = () if arguments[0] == "state" else ("-no-color",)
        command = [self.binary, arguments[0], *plain, *arguments[1:]]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )


@contextlib.contextmanager
def journey(root: str = ".", infrastructure: Path = REPOSITORY / "infrastructure") -> Iterator[Journey]:
    """A root module in a folder of its own, initialised, without a state. Raises ``LookupError`` without a binary."""
    binary = find_binary()
    if binary is None:
        raise LookupError("neither terraform nor tofu is on PATH")
    with tempfile.TemporaryDirectory(prefix="journey-") as scratch, serving() as providers:
        copy = Path(scratch) / "infrastructure"
        shutil.copytree(infrastructure, copy, ignore=NEVER_COPIED)
        environment = os.environ | providers
        environment |= {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        environment |= {f"TF_VAR_{name}": value for name, value in PLAN_VARIABLES.items()}
        one = Journey(binary, copy / root, environment)
        done = one._run("init", "-input=false")
        assert done.returncode == 0, done.stderr
        yield one


def _read(stdout: str) -> Plan:
    """The plan, from the messages of `plan -json`."""
    created, changed, destroyed, errors = set(), set(), set(), []
    messages = [json.loads(line) for line in stdout.splitlines()]
    for message in messages:
        if message["type"] == "diagnostic" and message["diagnostic"]["severity"] == "error":
            errors.append(f"{message['diagnostic']['summary']}: {message['diagnostic']['detail']}")
        if message["type"] != "planned_change":
            continue
        address, action = message["change"]["resource"]["addr"], message["change"]["action"]
        created |= {address} if action in ("create", "replace") else set()
        changed |= {address} if action == "update" else set()
        destroyed |= {address} if action in ("delete", "replace") else set()
    assert errors or any(message["type"] == "change_summary" for message in messages), f"no plan: {stdout}"
    return Plan(" ".join(" ".join(errors).split()), frozenset(created), frozenset(changed), frozenset(destroyed))


def _resources(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        yield resource["address"], resource["values"]
    for child in module.get("child_modules", []):
        yield from _resources(child)
