"""The reference libraries of Standard Webhooks, for Python and Node."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

ROOT = Path(__file__).parents[3]
NODE = ROOT / ".venv/bin/node"


def python_says(secret: str, headers: Mapping[str, str], body: str) -> str:
    """``ok``, or why the Python library refuses."""
    try:
        Webhook(secret).verify(body, dict(headers))
    except WebhookVerificationError as error:
        return f"refused: {error}"
    return "ok"


def node_says(wanted: Sequence[tuple[str, Mapping[str, str], str]]) -> list[str]:
    """The same from the Node library, for many at once: a process takes a while to start."""
    lines = "".join(
        json.dumps({"secret": secret, "headers": dict(headers), "body": body}) + "\n"
        for secret, headers, body in wanted
    )
    done = subprocess.run(
        [NODE, Path(__file__).with_name("verify.mjs"), ROOT / "frontend"],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()
