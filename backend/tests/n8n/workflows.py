"""Workflows beside the one that we ship: made for tests, and imported into their n8n."""

import json
from pathlib import Path
from typing import Any

from .real_n8n import REPOSITORY

SILENT_ID, SILENT_PATH = "jpSilent00000001", "silent"
EMPTY = "[empty]"
"""A prompt that begins with this gets 200 and nothing else from the silent workflow, and never a callback."""


def write_all(folder: Path) -> list[str]:
    """Each in a file of its own; their ids."""
    made = {SILENT_ID: _silent()}
    folder.mkdir(parents=True, exist_ok=True)
    for workflow_id, workflow in made.items():
        (folder / f"{workflow_id}.json").write_text(json.dumps(workflow))
    return list(made)


def _silent() -> dict[str, Any]:
    """The shipped one, with a branch that somebody forgot to answer on."""
    workflow: dict[str, Any] = json.loads((REPOSITORY / "n8n" / "job-processor.json").read_text())
    workflow |= {"id": SILENT_ID, "name": "Silent for some prompts"}
    nodes = {node["name"]: node for node in workflow["nodes"]}
    is_empty = f"$json.body.prompt.startsWith('{EMPTY}')"
    nodes["Webhook"]["parameters"]["path"] = SILENT_PATH
    for name in ("Webhook", "Sleep", "Back off"):
        nodes[name]["webhookId"] = nodes[name]["webhookId"].replace("a0b0c0d0", "a0b0c0d1")
    accepted = "JSON.stringify({ accepted: true, jobId: $json.body.jobId, executionId: $execution.id })"
    nodes["Respond 202"]["parameters"] = {
        "respondWith": "text",
        "responseBody": f"={{{{ {is_empty} ? '' : {accepted} }}}}",
        "options": {"responseCode": f"={{{{ {is_empty} ? 200 : 202 }}}}"},
    }
    hook = nodes["Test hook?"]["parameters"]
    hook["numberOutputs"] = 5
    hook["output"] = hook["output"].replace("={{ ", f"={{{{ {is_empty} ? 4 : ", 1)
    return workflow
