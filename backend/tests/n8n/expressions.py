"""The expressions of the workflows we ship, evaluated by Node as n8n's own engine would: without an n8n."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]
NODE = REPOSITORY / ".venv" / "bin" / "node"
SCRIPT = """
const { expression, scope, nodes } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const $ = (name) => ({ first: () => ({ json: nodes[name] }) });
const names = Object.keys(scope);
const value = new Function("$", ...names, `return (${expression});`)($, ...names.map((name) => scope[name]));
process.stdout.write(JSON.stringify({ value }));
"""


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REPOSITORY / "n8n" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def parameter(name: str, node: str, *path: str | int) -> str:
    """A parameter of a node of the workflow."""
    [found] = [one for one in workflow(name)["nodes"] if one["name"] == node]
    value: Any = found["parameters"]
    for step in path:
        value = value[step]
    assert isinstance(value, str)
    return value


def evaluated(parameter: str, nodes: dict[str, Any] | None = None, **scope: Any) -> Any:
    """What ``={{ … }}`` is where ``$json`` and the like are as in ``scope`` (without the dollar)."""
    inside = re.fullmatch(r"=\{\{(.*)\}\}", parameter, re.DOTALL)
    assert inside is not None
    names = {f"${name}": value for name, value in scope.items()}
    given = json.dumps({"expression": inside[1], "scope": names, "nodes": nodes or {}})
    done = subprocess.run([NODE, "-e", SCRIPT], input=given, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)["value"]
