"""The tables of docs/callbacks.md: what is sent, and what is made of it."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "callbacks.md"
_PLACES = {"{NUL}": b"\x00", "{BOM}": b"\xef\xbb\xbf", "{CR}": b"\r", "{LF}": b"\n", "{FF}": b"\xff"}


@dataclass(frozen=True, slots=True)
class Row:
    """``rest``: the columns after the body."""

    name: str
    media: str | None
    query: str
    body: str
    rest: tuple[str, ...]

    def sent(self, job_id: str) -> bytes:
        body = _named(self.body, job_id).encode()
        for place, meant in _PLACES.items():
            body = body.replace(place.encode(), meant)
        return body

    def path(self, job_id: str) -> str:
        return "/webhook/callback" + (f"?{_named(self.query, job_id)}" if self.query else "")

    def headers(self, **more: str) -> dict[str, str]:
        return {**more, **({} if self.media is None else {"content-type": self.media})}


def rows(last_column: str) -> list[Row]:
    """The rows of the table whose header ends with this column."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| what is sent |") and last_column in line)
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        name, media, query, body, *rest = [_code(cell) for cell in re.split(r" ?(?<!\\)\| ?", line)[1:-1]]
        found.append(Row(name, None if media == "-" else media, query, body, tuple(rest)))
    return found


def _code(cell: str) -> str:
    """A cell that is code and nothing else, without its marks."""
    return cell[1:-1] if re.fullmatch(r"`[^`]*`", cell) else cell


def _named(text: str, job_id: str) -> str:
    return text.replace("{JOB}", job_id).replace("{JOB IN CAPITALS}", job_id.upper())
