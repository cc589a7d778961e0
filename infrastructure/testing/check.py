"""Check folders of .tf files against real provider schemas, offline and without Terraform.

    python -m infrastructure.testing.check infrastructure infrastructure/hetzner …

Exit status 1 when something is wrong. Found: syntax errors, unknown resource types and arguments, missing required
ones, blocks written as arguments and the other way round, literals of the wrong type, dangling references.
Not found: values the cloud would refuse. Only the real provider knows those.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hcl2

from .body_check import Body, check_body, is_note, unquote
from .schema import Provider, load

REFERENCE = re.compile(r"(?<![\w.\"])(var|local|module)\.(\w+)")
RESOURCE_REFERENCE = re.compile(r"(?<![\w.\"])(hcloud|azurerm)_(\w+)\.(\w+)(?:\[[^\]]*\])?(?:\.(\w+))?")


@dataclass
class Module:
    """One folder: its files and the names they declare."""

    files: dict[Path, Body] = field(default_factory=dict)
    resources: set[tuple[str, str]] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=lambda: {"var": set(), "local": set(), "module": set()})


def check_folder(folder: Path, providers: dict[str, Provider]) -> list[str]:
    """Every problem in the folder's .tf files, as sentences."""
    module, problems = _read(folder)
    for path, body in module.files.items():
        problems.extend(_check_file(path, body, module, providers))
    return problems


def _read(folder: Path) -> tuple[Module, list[str]]:
    module, problems = Module(), []
    for path in sorted(folder.glob("*.tf")):
        try:
            body: Body = hcl2.loads(path.read_text(encoding="utf-8"))
        except Exception as error:  # the parser's own exception types are not a public interface
            problems.append(f"{path}: syntax: {' '.join(str(error).split())[:160]}")
            continue
        module.files[path] = body
        module.resources |= {(kind, name) for (kind, name), _ in _labelled(body, "resource", 2)}
        for key, section in (("var", "variable"), ("module", "module")):
            module.names[key] |= {name for (name,), _ in _labelled(body, section, 1)}
        for block in body.get("locals", []):
            module.names["local"] |= {unquote(name) for name in block if not is_note(name)}
    return module, problems


def _labelled(body: Body, section: str, depth: int) -> Iterator[tuple[tuple[str, ...], Body]]:
    """Flatten the parser's nested label dictionaries to (labels, body)."""

    def descend(labels: tuple[str, ...], node: Body) -> Iterator[tuple[tuple[str, ...], Body]]:
        if len(labels) == depth:
            yield labels, node
            return
        for name, child in node.items():
            if not is_note(name):
                yield from descend((*labels, unquote(name)), child)

    for block in body.get(section, []):
        yield from descend((), block)


def _check_file(path: Path, body: Body, module: Module, providers: dict[str, Provider]) -> Iterator[str]:
    for (kind, name), resource in _labelled(body, "resource", 2):
        where = f"{path} {kind}.{name}"
        if kind == "terraform_data":  # built in
            continue
        provider = providers.get(kind.split("_")[0])
        if provider is None or kind not in provider.resources:
            yield f"{where}: unknown resource type '{kind}' (or not in schemas.json)"
        else:
            yield from check_body(where, resource, provider.resources[kind])
    for (name,), configuration in _labelled(body, "provider", 1):
        if name in providers:
            yield from check_body(f"{path} provider.{name}", configuration, providers[name].configuration)
    for text in _expressions(body):
        yield from _dangling(path, text, module, providers)


def _expressions(value: object) -> Iterator[str]:
    match value:
        case str():
            yield from re.findall(r"\$\{((?:[^{}]|\{[^{}]*\})*)\}", value)
        case dict():
            for key, child in value.items():
                yield from _expressions(key)
                yield from _expressions(child)
        case list():
            for child in value:
                yield from _expressions(child)


def _dangling(path: Path, text: str, module: Module, providers: dict[str, Provider]) -> Iterator[str]:
    expression = re.sub(r'"(?:[^"$\\]|\\.)*"', '""', text)
    for match in REFERENCE.finditer(expression):
        if match[2] not in module.names[match[1]]:
            yield f"{path}: reference to undeclared {match[0]}"
    for match in RESOURCE_REFERENCE.finditer(expression):
        kind, name, attribute = f"{match[1]}_{match[2]}", match[3], match[4]
        if (kind, name) not in module.resources:
            yield f"{path}: reference to undeclared {kind}.{name}"
            continue
        schema = providers[match[1]].resources.get(kind)
        known: set[Any] = {None} | (set(schema.attributes) | set(schema.blocks) if schema else {attribute})
        if attribute not in known:
            yield f"{path}: {kind} has no attribute '{attribute}'"


def main() -> int:
    parser = argparse.ArgumentParser(description="Check .tf files against provider schemas, offline.")
    parser.add_argument("folders", nargs="+", type=Path)
    folders: list[Path] = parser.parse_args().folders
    providers = load()
    problems = [problem for folder in folders for problem in check_folder(folder, providers)]
    for problem in problems:
        print(f"ERROR {problem}")
    print(f"schema check: {len(folders)} folders, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
