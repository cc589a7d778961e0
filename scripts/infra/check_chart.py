"""Renders the Helm chart with Helm itself, and checks each object against Kubernetes' and KEDA's schemas.

Run by .venv/chart/bin/python. Standard input: a JSON list of cases (`release`, `values`). Standard output: for each of
them the objects, or what is wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml
from cloudcoil.models.keda import v1alpha1 as keda

CHART = Path(__file__).resolve().parents[2] / "infrastructure/helm/job-processor"
VERSIONS = ("1.30", "1.37")
"""The oldest that Chart.yaml allows, and the newest that the library knows."""
INFORMATION = 1
"""Helm's lowest severity of a finding."""


def rendered(values: dict[str, Any], name: str) -> list[dict[str, Any]]:
    with helm_python.Chart.load(str(CHART)) as chart:
        chart.validate_schema(values)
        texts = chart.render(values, name=name, namespace="prod")
    documents = (yaml.safe_load_all(text) for file, text in texts.items() if not file.endswith("NOTES.txt"))
    return [one for several in documents for one in several if one is not None]


def faults(one: dict[str, Any]) -> Iterator[str]:
    name = f"{one['kind']} {one['metadata']['name']}"
    if one["apiVersion"].startswith("keda.sh/"):
        # The models ignore fields that they do not know: these are then missing in what comes back.
        model = getattr(keda, one["kind"]).model_validate(one)
        back = json.loads(model.model_dump_json(by_alias=True, exclude_unset=True))
        if back != one:
            yield f"{name}: KEDA does not know all of this: {one}"
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{name}: Kubernetes {version}: {error.message} at {list(error.path)}"


def answer(case: dict[str, Any]) -> dict[str, Any]:
    try:
        objects = rendered(case["values"], case["release"])
        return {"objects": objects, "faults": [fault for one in objects for fault in faults(one)]}
    except (helm_python.HelmError, ValueError) as error:
        return {"refused": str(error)}


def main() -> int:
    answers = [answer(case) for case in json.load(sys.stdin)]
    found = helm_python.lint(str(CHART)).get("messages", ())
    warnings = [f"{one['path']}: {one['error']}" for one in found if one["severity"] > INFORMATION]
    json.dump({"answers": answers, "lint": warnings}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
