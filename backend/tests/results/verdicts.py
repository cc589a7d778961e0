"""Verdicts that are the same on every Python: ``python -m tests.results.verdicts`` writes them down anew.

``verdicts.json`` holds what is found about each of TEXTS, whole; of the seeded breakages it holds one digest.
"""

import hashlib
import json
from pathlib import Path

import msgspec

from job_processor.core.job import Json
from job_processor.results import examine
from tests.results.breakages import case

PLACE = Path(__file__).with_name("verdicts.json")
SEEDED = 300
SCHEMA: dict[str, Json] = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
TEXTS: tuple[str, ...] = (
    # Python's own parser names another place, or another reason, from one version to the next.
    "[1.]",
    "[1.e3]",
    "[-]",
    "[01]",
    "[1,]",
    '{"a":1,}',
    '{"a":1,,"b":2}',
    "[,1]",
    '{"a" 1}',
    "{'a': 1}",
    "{a: 1}",
    '{"a": 1 "b": 2}',
    "[1 2]",
    '["a',
    '["\\x41"]',
    '["\\ud800"]',
    '["a\nb"]',
    "NaN",
    '{"a": Infinity}',
    "{}{}",
    '{"a": 1} trailing',
    "",
    "\ufeff{}",
    "{\ufeff}",
    "{}\u00a0",
    "[١]",
    # Characters that are letters, or printable, since some Unicode only.
    "{\u00fcber: 1}",
    "[\U0001f600]",
    "[\U0001fae8]",
    "[\U0001e030]",
    "[\u0cf3]",
    "[\u2066]",
    "[日本語]",
    # Numbers and depths at which a Python stops by itself.
    f"[{'1' * 4_299}]",
    f"[{'1' * 4_301}]",
    f"[{'1' * 20_000}]",
    *("[" * depth + "]" * depth for depth in (200, 201, 990, 1_490, 9_990, 50_000)),
    '{"a":' * 1_200 + "1" + "}" * 1_200,
    "[" * 1_200,
    # What a schema finds.
    '{"a": "1"}',
    '{"a": 1.0}',
    '{"a": 1e400}',
    '{"a": 123456789012345678901234567890}',
    '{"a": 1, "a": "x"}',
)


def found() -> dict[str, object]:
    """What this Python finds."""
    return {
        "texts": [
            {"begins": text[:40], "length": len(text), "alone": _plain(text, None), "with schema": _plain(text, SCHEMA)}
            for text in TEXTS
        ],
        "seeded": hashlib.sha256(
            json.dumps([_plain(case(number).text, SCHEMA) for number in range(SEEDED)]).encode()
        ).hexdigest(),
    }


def _plain(text: str, schema: dict[str, Json] | None) -> object:
    plain: object = json.loads(json.dumps(msgspec.to_builtins(examine(text, schema))))
    written = json.dumps(plain)
    # What is long is held by its digest: a repair of 50,000 brackets is no reading for people.
    return plain if len(written) < 1_500 else hashlib.sha256(written.encode()).hexdigest()


if __name__ == "__main__":
    PLACE.write_text(json.dumps(found(), indent=1) + "\n")
