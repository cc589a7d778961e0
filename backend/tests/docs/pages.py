"""The documents of the repository, and the fenced blocks in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_FENCE = re.compile(r"^```(?P<language>[a-z]*)[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWN = ("json", "text")
_NOT_HERE = re.compile(r"\b(kubectl|docker|podman|systemctl|sudo|make)\b")
"""Blocks with these need another machine than a test's; what they say of the server stands elsewhere too."""


@dataclass(frozen=True, slots=True)
class Example:
    """Commands, and what the page shows as their output (empty: nothing). ``line`` is where they stand."""

    line: int
    commands: str
    shown: str


def every_page() -> Sequence[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "n8n").glob("*.md")])


def text(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def examples(page: Path) -> Iterator[Example]:
    """Every ``sh`` block that asks a server, with the block of output that follows it at once, if one does."""
    content = page.read_text(encoding="utf-8")
    blocks = list(_FENCE.finditer(content))
    for number, block in enumerate(blocks):
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        if block["language"] != "sh" or "localhost:3000" not in block["body"]:
            continue
        if _NOT_HERE.search(block["body"]):
            continue
        shown = ""
        if following is not None and following["language"] in _SHOWN:
            between = content[block.end() : following.start()]
            shown = following["body"] if not between.strip() else ""
        yield Example(content[: block.start()].count("\n") + 1, block["body"], shown)


def matches(shown: str, printed: str) -> bool:
    """Is this what the page shows? ``…`` stands for anything; white space at the ends of lines does not count."""
    wanted = ".*?".join(re.escape(part) for part in _tidy(shown).split("…"))
    return re.fullmatch(wanted, _tidy(printed), re.DOTALL) is not None


def _tidy(said: str) -> str:
    return "\n".join(line.rstrip() for line in said.strip().splitlines())
