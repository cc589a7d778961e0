"""The programs that docs/webhooks.md shows verify what is really sent, and refuse what is not genuine."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from job_processor.core.webhook_signature import headers, new_secret
from tests.docs.pages import ROOT, text
from tests.webhooks.verifying import NODE

BODY = '{"type":"job.completed"}'


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", text("docs/webhooks.md"), re.MULTILINE | re.DOTALL)
    return str(found)


def cases() -> list[tuple[str, dict[str, str], str, bool]]:
    secret, now = new_secret(), int(time.time())
    sent = headers("msg_1", now, BODY.encode(), [secret])
    return [
        (secret, sent, BODY, True),
        (secret, headers("msg_1", now, BODY.encode(), [new_secret(), secret]), BODY, True),
        (secret, sent, BODY + " ", False),
        (new_secret(), sent, BODY, False),
        (secret, headers("msg_1", now - 3600, BODY.encode(), [secret]), BODY, False),
    ]


def test_the_python_program() -> None:
    shown: dict[str, Any] = {}
    exec(block("python"), shown)
    for secret, sent, body, genuine in cases():
        assert shown["is_genuine"](secret, sent, body.encode()) is genuine


def test_the_node_program(tmp_path: Path) -> None:
    # Modules are looked up from the program's own place.
    (tmp_path / "node_modules").symlink_to(ROOT / "frontend/node_modules")
    given = cases()
    calls = ",".join(f"isGenuine({json.dumps(s)}, {json.dumps(h)}, {json.dumps(b)})" for s, h, b, _ in given)
    program = tmp_path / "program.mjs"
    program.write_text(f"{block('js')}\nconsole.log(JSON.stringify([{calls}]));\n", encoding="utf-8")
    done = subprocess.run([NODE, program], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [genuine for *_, genuine in given]
