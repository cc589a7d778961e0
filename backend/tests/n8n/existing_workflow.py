"""A workflow as users have it, that knows nothing of us: Webhook → work → Respond to Webhook."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from .real_n8n import SCRIPT, RealN8n

WORKFLOW = Path(__file__).with_name("existing_workflow.json")
PATH = "summarise"


def add_existing_workflow(n8n: RealN8n, *, respond: str = "responseNode") -> str:
    """Import it and publish it; n8n must be stopped. Its address.

    ``respond``: when its Webhook node answers, as n8n calls it: ``responseNode``, or ``onReceived`` for at once.
    """
    workflow: dict[str, Any] = json.loads(WORKFLOW.read_text())
    [webhook] = [node for node in workflow["nodes"] if node["type"] == "n8n-nodes-base.webhook"]
    webhook["parameters"]["responseMode"] = respond
    if respond != "responseNode":
        # n8n answers 500 to a workflow with a Respond to Webhook that it would not use.
        answers = [node for node in workflow["nodes"] if node["type"] == "n8n-nodes-base.respondToWebhook"]
        for node in answers:
            node["type"], node["typeVersion"], node["parameters"] = "n8n-nodes-base.noOp", 1, {}
    file = n8n.home / WORKFLOW.name
    file.write_text(json.dumps(workflow))
    _cli(n8n, "import:workflow", f"--input={file}")
    _cli(n8n, "publish:workflow", f"--id={workflow['id']}")
    return f"{n8n.url}/webhook/{PATH}"


def _cli(n8n: RealN8n, *arguments: str) -> None:
    done = subprocess.run(
        [str(SCRIPT), "cli", *arguments],
        env={**os.environ, **n8n.environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
