"""Makes untrusted text fit to be shown: short, on one line, without HTML. Pure."""

import re
from html import unescape
from typing import Final

QUOTE_LIMIT: Final = 300
"""Maximum characters of a quoted error message."""
_PAGE_LIMIT: Final = 64 * 1024
"""Maximum characters of a web page that are read."""
_HIDDEN: Final = frozenset({"head", "template", "noscript", "svg"})
# The start of a comment, a tag, a declaration, text, or a lone "<".
_PIECE: Final = re.compile(r"<!--|<(?P<end>/?)(?P<tag>[A-Za-z][^\s/<>]*)[^<>]*>|<[!?][^<>]*>|[^<]+|<")


def one_line(text: str, limit: int = QUOTE_LIMIT) -> str:
    """At most ``limit`` printable characters on one line; others, such as lone surrogates, become spaces."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 2 * limit])
    line = re.sub(r" {2,}", " ", printable).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def page_text(page: str) -> str:
    """The title and the visible text of a web page (or of XML), on one line."""
    title, seen = (one_line(unescape("".join(parts))) for parts in _title_and_rest(page[:_PAGE_LIMIT]))
    if not title or seen.startswith(title):
        return seen
    return one_line(f"{title}: {seen}" if seen else title)


def _title_and_rest(page: str) -> tuple[list[str], list[str]]:
    """Title and visible text, in linear time; html.parser takes minutes for 64 KB of ``<a <a <a``."""
    title: list[str] = []
    seen: list[str] = []
    lowered = page.lower()
    at, hidden, in_title = 0, 0, False
    while at < len(page):
        piece = _PIECE.match(page, at)
        assert piece is not None
        at = piece.end()
        tag = (piece["tag"] or "").lower()
        if piece[0] == "<!--":
            at = _after(page, "-->", at)
        elif tag:
            in_title = tag == "title" and not piece["end"]
            if tag in ("script", "style") and not piece["end"]:
                at = _after(lowered, f"</{tag}", at)
                at = _after(page, ">", at)
            elif tag in ("body", "h1", "p"):
                # An unclosed head must not hide the body.
                hidden = 0
            elif tag in _HIDDEN:
                hidden = max(0, hidden - 1) if piece["end"] else hidden + 1
            seen.append(" ")
        elif piece[0][:2] in ("<!", "<?"):
            continue
        elif in_title:
            title.append(piece[0])
        elif not hidden:
            seen.append(piece[0])
    return title, seen


def _after(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)
