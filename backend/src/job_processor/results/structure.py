"""Commas, colons and brackets: which must go in or out so that the tokens are JSON, if there is one way only.

Works on the tokens' kinds alone: ``{ } [ ] , :``, ``s`` (string or name), ``v`` (number, literal). A missing or
needless comma is mended where it is met. One bracket that is missing in the midst of a text is looked for at
every place; if two places give two values, there is no repair. Brackets missing at the end are a cut text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

SEARCH_STEPS = 300_000
"""Tokens looked at in the search for a missing bracket: some hundred milliseconds; small texts are searched whole."""

_CLOSES = {"{": "}", "[": "]"}


@dataclass(slots=True)
class Walk:
    """How far the tokens could be read, and what that took."""

    stopped: int
    """The first token that fits nowhere; the number of tokens when all fit."""
    open: str
    """Brackets that are still open, outermost first."""
    state: str
    added: list[tuple[int, str]] = field(default_factory=list)
    """A mark to put before a token."""
    dropped: list[int] = field(default_factory=list)
    """Commas to take out, and closing brackets too many."""
    keys: list[int] = field(default_factory=list)
    """Tokens that are names."""
    member: int = 0
    """Where the member under way begins, with its comma."""


def walk(kinds: str) -> Walk:
    """States: ``root`` a value; ``end`` nothing; ``name``/``name+`` a name, after ``{``/after a comma; ``colon``;
    ``value``; ``item``/``item+`` an element, after ``[``/after a comma; ``after`` a comma or the closing bracket."""
    found = Walk(len(kinds), "", "root")
    stack: list[str] = []
    comma = -1
    state = "root"
    i, size = 0, len(kinds)
    while i < size:
        kind = kinds[i]
        if state == "after":
            if kind == ",":
                comma = i
                found.member = i
                state = "name+" if stack[-1] == "{" else "item+"
                i += 1
                continue
            if kind not in "}]":
                if kind == ":":
                    break
                found.added.append((i, ","))
                found.member = i
                state = "name+" if stack[-1] == "{" else "item+"
                comma = -1
        if kind in "}]":
            if state == "end":
                if kind == "}":
                    found.dropped.append(i)
                    i += 1
                    continue
                break
            if state in ("root", "colon", "value") or not stack or _CLOSES[stack[-1]] != kind:
                break
            if state in ("name+", "item+") and comma >= 0:
                found.dropped.append(comma)
            comma = -1
            stack.pop()
            state = "after" if stack else "end"
        elif state in ("name", "name+"):
            if kind == "," and state == "name+" and comma >= 0:
                found.dropped.append(i)
            elif kind in "svh":
                if kind == "v" and kinds[i + 1 : i + 2] != ":":
                    break
                if state == "name":
                    found.member = i
                found.keys.append(i)
                state = "colon"
            else:
                break
        elif state == "colon":
            if kind == ":":
                state = "value"
            elif kind in "sv[{" and kinds[i - 1] == "s" and kinds[i + 1 : i + 2] != ":":
                found.added.append((i, ":"))
                state = "value"
                continue
            else:
                break
        elif kind == "," and state == "item+" and comma >= 0:
            found.dropped.append(i)
        elif state in ("root", "value", "item", "item+") and kind in "sv{[nh":
            if state == "item":
                found.member = i
            if state in ("item", "item+") and kinds[i + 1 : i + 2] == ":":
                break
            if kind == "{" or kind == "[":
                stack.append(kind)
                state = "name" if kind == "{" else "item"
                comma = -1
            else:
                state = "after" if stack else "end"
        else:
            break
        i += 1
    found.stopped, found.open, found.state = i, "".join(stack), state
    return found


def with_one_bracket(kinds: str, columns: Sequence[int | None]) -> tuple[int, str] | None:
    """Where one bracket more makes the tokens whole: before which token, and which.

    ``columns``: of tokens that begin a line, how far in they stand. ``None`` when the bracket fits at no place, or
    when places give different values and the lines do not tell which is right.
    """
    furthest = walk(kinds).stopped
    fitting: list[tuple[int, int, str]] = []  # Cost, place, bracket.
    steps = 0
    if _without_one(kinds, furthest) != set():
        return None  # It may be one too many instead.
    for at in range(furthest, -1, -1):
        for mark in "{}[]":
            if not _fits(kinds, at, mark):
                continue
            tried = f"{kinds[:at]}{mark}{kinds[at:]}"
            found = walk(tried)
            steps += found.stopped
            if steps > SEARCH_STEPS:
                return None
            if (
                found.stopped == len(tried)
                and found.state == "end"
                and not any(tried[d] in "}]" for d in found.dropped)
            ):
                fitting.append((len(found.added) + len(found.dropped), at, mark))
    cheapest = min((cost for cost, _, _ in fitting), default=0)
    best = [(at, mark) for cost, at, mark in fitting if cost == cheapest]
    if len(_shapes(kinds, best)) > 1:
        best = [(at, mark) for at, mark in best if lines_up(kinds, columns, at, mark) is True]
    return best[0] if len(_shapes(kinds, best)) == 1 else None


def surplus_is_sure(kinds: str, dropped: int, columns: Sequence[int | None]) -> bool:
    """Is the closing bracket ``dropped`` the one too many? Only if no other one's loss gives another nesting.

    ``columns`` as in ``with_one_bracket``.
    """
    left = f"{kinds[:dropped]}{kinds[dropped + 1 :]}"
    found = _without_one(kinds, dropped)
    return found == {left.replace(",", "")} or (
        found is not None and lines_up(left, [*columns[:dropped], *columns[dropped + 1 :]]) is True
    )


def _without_one(kinds: str, last: int) -> set[str] | None:
    """The nestings that are left when one closing bracket up to ``last`` goes, and no comma comes. ``None``: too many
    places to try."""
    found: set[str] = set()
    steps = 0
    for at in range(min(last, len(kinds) - 1), -1, -1):
        if kinds[at] not in "}]":
            continue
        without = f"{kinds[:at]}{kinds[at + 1 :]}"
        walked = walk(without)
        steps += walked.stopped
        if steps > SEARCH_STEPS:
            return None
        if walked.stopped == len(without) and walked.state == "end" and not walked.added:
            found.add(without.replace(",", ""))
    return found


def _shapes(kinds: str, found: list[tuple[int, str]]) -> set[str]:
    """The nestings they lead to."""
    return {f"{kinds[:at]}{mark}{kinds[at:]}".replace(",", "") for at, mark in found}


def lines_up(kinds: str, columns: Sequence[int | None], at: int = -1, mark: str = "") -> bool | None:
    """Do the members of each bracket that begin a line stand equally far in, and further than their bracket's end?

    ``at``, ``mark``: a bracket more. ``None``: hardly a token begins a line, so this says nothing.
    """
    if sum(1 for column in columns[1:] if column is not None) < 2:
        return None
    margins: list[int | None] = []
    tried = kinds if at < 0 else f"{kinds[:at]}{mark}{kinds[at:]}"
    for i, kind in enumerate(tried):
        column = None if i == at else columns[i - (0 <= at < i)]
        if kind in "}]":
            margin = margins.pop() if margins else None
            if column is not None and margin is not None and column >= margin:
                return False
        elif column is not None and margins and kind not in ",:":
            if margins[-1] is None:
                margins[-1] = column
            elif margins[-1] != column:
                return False
        if kind in "{[":
            margins.append(None)
    return True


def _fits(kinds: str, at: int, mark: str) -> bool:
    before = kinds[at - 1] if at else ""
    after = kinds[at] if at < len(kinds) else ""
    if mark in "{[":
        return before not in ("s", "v", "}", "]") and after not in (",", ":", "")
    return before not in (":", "")
