"""The provider schemas for the checks: a resource's attributes and blocks.

`schemas.json` was compared attribute by attribute with the providers' sources (versions are in the file). It covers the
resource types this repository uses and their neighbours. To add one, add its entry there. An attribute is written as
`MODE KIND`, with `replaces` behind it if its change makes the provider replace the resource.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

Mode = Literal["required", "optional", "computed"]
Kind = Literal["string", "number", "bool", "list", "map", "records", "any"]

DEFAULT_PATH = Path(__file__).with_name("schemas.json")


@dataclass(frozen=True)
class Attribute:
    mode: Mode
    kind: Kind
    replaces: bool = False


@dataclass(frozen=True)
class Block:
    """A resource's body, or a block nested in it. `maximum` 0 means any number."""

    attributes: dict[str, Attribute]
    blocks: dict[str, Block] = field(default_factory=dict)
    minimum: int = 0
    maximum: int = 0


@dataclass(frozen=True)
class Provider:
    source: str
    version: str
    configuration: Block
    resources: dict[str, Block]


def load(path: Path = DEFAULT_PATH) -> dict[str, Provider]:
    raw = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    return {
        name: Provider(
            source=entry["source"],
            version=entry["version"],
            configuration=_block(entry["provider"]),
            resources={kind: _block(body) for kind, body in entry["resources"].items()},
        )
        for name, entry in raw.items()
    }


def _block(raw: dict[str, Any]) -> Block:
    return Block(
        attributes={name: _attribute(text) for name, text in raw["attributes"].items()},
        blocks={name: _block(body) for name, body in raw.get("blocks", {}).items()},
        minimum=raw.get("min", 0),
        maximum=raw.get("max", 0),
    )


def _attribute(text: str) -> Attribute:
    mode, kind, *more = text.split()
    return Attribute(cast("Mode", mode), cast("Kind", kind), replaces="replaces" in more)
