"""Finds the commas, colons and brackets to insert or delete so that the tokens are JSON, if there is only one way.

The input is the kinds of the tokens (``tokenizer.Token``) as a string. A missing or superfluous comma is repaired in
place. A missing bracket is tried at every position; if two positions give different values, there is no repair.
Brackets missing at the end mean that the text was cut off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

SEARCH_STEPS = 300_000
"""Maximum number of visited tokens in the search for a missing bracket (a few hundred milliseconds). Enough for a
complete search in small texts."""

_CLOSES = {"{": "}", "[": "]"}


@dataclass(slots=True)
class Walk:
    """The result of ``walk``: how far the tokens are JSON, and the changes for it. Numbers are token indexes."""

    stopped: int
    """The first token that does not fit; the number of tokens if all fit."""
    open: str
    """Opening brackets not yet closed, outermost first."""
    state: str
    added: list[tuple[int, str]] = field(default_factory=list)
    """Commas and colons to insert, each before a token."""
    dropped: list[int] = field(default_factory=list)
    """Superfluous commas and closing brackets to delete."""
    keys: list[int] = field(default_factory=list)
    """Tokens that are member names."""
    member: int = 0
    """The first token of the current member, including its comma."""


def walk(kinds: str) -> Walk:
    """Run a state machine over the token kinds; commas and colons are inserted or deleted if there is only one way.

    The state is what is expected next. ``root``: a value; ``end``: nothing; ``name``/``name+``: a name, after ``{`` or
    a comma; ``colon``; ``value``; ``item``/``item+``: an element, after ``[`` or a comma; ``after``: a comma or the
    closing bracket.
    """
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
    """The position (token index) and the bracket whose insertion makes the tokens valid JSON.

    ``None`` if no insertion does, or if several give different values and the indentation does not decide. ``columns``:
    the indentation of each token that begins a line, ``None`` for others.
    """
    furthest = walk(kinds).stopped
    fitting: list[tuple[int, int, str]] = []  # Cost, place, bracket.
    steps = 0
    if _without_one(kinds, furthest) != set():
        return None  # Instead, another bracket may be superfluous.
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
    if len(_nestings(kinds, best)) > 1:
        best = [(at, mark) for at, mark in best if indentation_fits(kinds, columns, at, mark) is True]
    return best[0] if len(_nestings(kinds, best)) == 1 else None


def surplus_is_sure(kinds: str, dropped: int, columns: Sequence[int | None]) -> bool:
    """True if the closing bracket ``dropped`` is certainly the superfluous one: deleting any other gives the same
    nesting.

    ``columns`` as in ``with_one_bracket``.
    """
    left = f"{kinds[:dropped]}{kinds[dropped + 1 :]}"
    found = _without_one(kinds, dropped)
    return found == {left.replace(",", "")} or (
        found is not None and indentation_fits(left, [*columns[:dropped], *columns[dropped + 1 :]]) is True
    )


def _without_one(kinds: str, last: int) -> set[str] | None:
    """The valid nestings after deleting one closing bracket up to ``last`` without inserting a comma.

    ``None``: too many positions to try.
    """
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


def _nestings(kinds: str, found: list[tuple[int, str]]) -> set[str]:
    """The different nestings after the insertions ``found``."""
    return {f"{kinds[:at]}{mark}{kinds[at:]}".replace(",", "") for at, mark in found}


def indentation_fits(kinds: str, columns: Sequence[int | None], at: int = -1, mark: str = "") -> bool | None:
    """True if, within each bracket, members that begin a line have equal indentation, greater than the closing
    bracket's.

    ``at``, ``mark``: an inserted bracket. ``None``: fewer than two tokens begin a line, so indentation says nothing.
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
    """Whether a bracket may stand between the neighbouring tokens; a cheap test before ``walk``."""
    before = kinds[at - 1] if at else ""
    after = kinds[at] if at < len(kinds) else ""
    if mark in "{[":
        return before not in ("s", "v", "}", "]") and after not in (",", ":", "")
    return before not in (":", "")
