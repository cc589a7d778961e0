"""A stranger's words made fit to be shown: short, on one line, without the mark-up of a web page. Pure."""

import re
from html.parser import HTMLParser
from typing import Final

QUOTE_LIMIT: Final = 300
"""Characters of somebody else's error message that are passed on."""
_PAGE_LIMIT: Final = 64 * 1024
"""Characters of a web page that are looked at."""
_HIDDEN: Final = frozenset({"script", "style", "head", "template", "noscript", "svg"})


def one_line(text: str) -> str:
    """At most ``QUOTE_LIMIT`` printable characters on one line; half of a surrogate pair cannot be kept and goes."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 2 * QUOTE_LIMIT])
    line = re.sub(r" {2,}", " ", printable).strip()
    return line if len(line) <= QUOTE_LIMIT else line[: QUOTE_LIMIT - 1] + "…"


def page_text(page: str) -> str:
    """The title of a web page (or of XML), and what a reader would see of it."""
    reader = _PageReader()
    reader.feed(page[:_PAGE_LIMIT])
    reader.close()
    title, seen = one_line("".join(reader.title)), one_line("".join(reader.seen))
    if not title or seen.startswith(title):
        return seen
    return one_line(f"{title}: {seen}" if seen else title)


class _PageReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.seen: list[str] = []
        self._in_title = False
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag in ("body", "h1", "p"):
            # A head that is never closed hides nothing after the page has begun.
            self._hidden = 0
        elif tag in _HIDDEN:
            self._hidden += 1
        self.seen.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        self.seen.append(" ")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
        elif not self._hidden:
            self.seen.append(data)
