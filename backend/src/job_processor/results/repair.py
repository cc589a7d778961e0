"""Suggests a repair of text that is almost JSON, if there is one that keeps all content.

``wrapping`` finds the JSON in the text, ``lexer`` its tokens, ``structure`` the missing and superfluous commas and
brackets; ``lossless`` checks the repair against the raw text.
"""

import json
import re
from dataclasses import dataclass

from job_processor.core.verdict import Edit, Repair
from job_processor.results import lossless, structure
from job_processor.results.edits import apply_edits, bounded, trimmed
from job_processor.results.lexer import Lexer, NoSafeRepair, Token
from job_processor.results.strict import NotJson, parse
from job_processor.results.wrapping import Part, find_part, is_prose_after, is_prose_before, openers, without_thinking

REPAIR_LIMIT = 1_048_576
"""Maximum characters of a text for which a repair is searched."""
DROPPED_LIMIT = 500
"""Maximum characters of ``Repair.dropped``."""

_ESCAPES = re.compile(r"(?>(?:\\u[0-9a-fA-F]{4})+)|\\.", re.DOTALL)
SEVERAL = "This text contains more than one JSON value; it is not clear which one is meant."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested repair, or a note for people why there is none."""

    repair: Repair | None
    note: str | None = None


def suggest_repair(raw: str) -> Suggestion:
    """The repair of a text that is not valid JSON, if exactly one is plausible. Its text is valid JSON. Never
    raises."""
    if len(raw) > REPAIR_LIMIT:
        return Suggestion(None, "The text is too long to be repaired.")
    body = without_thinking(raw)
    whole = _as_it_stands(raw, body)
    if whole is not None:
        return Suggestion(whole)
    part = find_part(body)
    if isinstance(part, int):
        return Suggestion(None, SEVERAL)
    if part is None:
        return Suggestion(None)
    try:
        return _escaped_once_more(raw, body, part) or _checked(raw, body, _read(body, part))
    except NoSafeRepair as why:
        return Suggestion(None, str(why) or None)


def _as_it_stands(raw: str, body: str) -> Repair | None:
    """The repair of a number, string or literal that is wrapped only in thinking blocks, one code fence and spaces."""
    inner = body.strip("\ufeff \t\r\n")
    if inner.startswith("```") and inner.endswith("```") and inner.count("```") == 2:
        inner = inner[3:-3]
        inner = inner[4:] if inner[:4].lower() == "json" else inner
        inner = inner.strip("\ufeff \t\r\n")
    if not inner or inner[0] in "{[":
        return None
    try:
        parse(inner)
    except NotJson:
        return None
    start = body.index(inner)
    edits = [Edit(0, raw[:start], ""), Edit(start + len(inner), raw[start + len(inner) :], "")]
    return Repair(inner, tuple(e for e in edits if e.before))


def _escaped_once_more(raw: str, body: str, part: Part) -> Suggestion | None:
    """The repair of JSON that was escaped like the content of a JSON string; ``None`` if it was not."""
    inside = body[part.start : part.end].rstrip()
    if '\\"' not in inside or inside.count('"') != inside.count('\\"'):
        return None
    end = part.start + len(inside)
    if is_prose_before(body[: part.start]) is False or is_prose_after(body[end : part.end]) is False:
        return None
    try:
        parse(json.loads(f'"{inside}"', strict=False))
    except (NotJson, ValueError):
        return None
    edits = [Edit(0, body[: part.start], "")] if part.start else []
    edits += [
        Edit(part.start + found.start(), found.group(), json.loads(f'"{found.group()}"'))
        for found in _ESCAPES.finditer(inside)
    ]
    return _checked(raw, body, Proposal((*edits, Edit(end, body[end:], "")), part.start, end))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A repair before the check for losses. Before ``start`` and after ``end`` the edits delete only prose."""

    edits: tuple[Edit, ...]
    start: int
    end: int
    cut_at: int | None = None
    """In a cut-off text: the end of the last complete value. The rest up to ``end`` is dropped and reported."""
    cut: bool = False


def _read(body: str, part: Part) -> Proposal:
    """The only plausible repair of the JSON in ``part``. Raises ``NoSafeRepair``."""
    lexer = Lexer(body, part.start, part.end)
    tokens = lexer.tokens
    kinds = "".join(t.kind for t in tokens)
    walked = structure.walk(kinds)
    inserted: tuple[int, str] | None = None
    end = lexer.end
    whole = walked.stopped == len(kinds) and walked.state == "end"
    if walked.stopped < len(kinds) or (not whole and not lexer.cut_string and _may_lack_a_bracket(tokens, walked)):
        if walked.state == "end" and not kinds[walked.stopped :].strip("]}"):
            raise NoSafeRepair  # One closing bracket too many, or an opening one is missing.
        if lexer.guesses or lexer.unescaped or "h" in kinds or "n" in kinds:
            raise NoSafeRepair(_several_values_note(body, tokens, walked))
        inserted = structure.with_one_bracket(kinds, [_column(body, t) for t in tokens])
        if inserted is None:
            raise NoSafeRepair(_several_values_note(body, tokens, walked))
        kinds = kinds[: inserted[0]] + inserted[1] + kinds[inserted[0] :]
        walked = structure.walk(kinds)
        at = end if inserted[0] >= len(tokens) else tokens[inserted[0]].start
        if inserted[0] > 0 and inserted[1] in "}]":
            at = tokens[inserted[0] - 1].end
        tokens = [
            *tokens[: inserted[0]],
            Token(inserted[1], at, at, [Edit(at, "", inserted[1])]),
            *tokens[inserted[0] :],
        ]
        whole = True
    surplus = [d for d in walked.dropped if kinds[d] in "}]"]
    if len(surplus) == 1 and not structure.surplus_is_sure(kinds, surplus[0], [_column(body, t) for t in tokens]):
        raise NoSafeRepair  # It is unclear which closing bracket is superfluous.
    _check_guesses(lexer, walked, tokens)
    if not whole and lexer.guesses and not lexer.cut_string and kinds[-1:] in ("}", "]"):
        raise NoSafeRepair
    if surplus and body[: part.start].rstrip().endswith((":", "：", "=", "=>", "->")):
        raise NoSafeRepair  # The prose may be a name in an object whose opening bracket is missing.
    if (inserted or not whole) and structure.indentation_fits(kinds, [_column(body, t) for t in tokens]) is False:
        raise NoSafeRepair  # Another bracket is missing earlier.
    if not is_prose_before(body[: part.start]) or not is_prose_after(body[end : part.end]):
        raise NoSafeRepair(_several_values_note(body, tokens, walked))
    return _proposal(body, lexer, tokens, walked, whole, end, inserted)


def _column(body: str, token: Token) -> int | None:
    return token.start - body.rfind("\n", 0, token.start) if token.first_on_line else None


def _may_lack_a_bracket(tokens: list[Token], walked: structure.Walk) -> bool:
    """True if one closing bracket is missing at the end, so that it may also be missing at an earlier position."""
    if len(walked.open) != 1 or len(tokens) < 2 or walked.state != "after" or tokens[-1].kind == "h":
        return False
    # In a text of several lines the last bracket has its own line, so a number at the end means a cut-off text.
    return tokens[-1].kind != "n" or not any(t.first_on_line for t in tokens[1:])


def _check_guesses(lexer: Lexer, walked: structure.Walk, tokens: list[Token]) -> None:
    """Raise NoSafeRepair if the repair needs more than one guess."""
    lone_commas = sum(1 for at, mark in walked.added if mark == "," and not tokens[at].first_on_line)
    colons = sum(1 for _, mark in walked.added if mark == ":")
    if lexer.guesses + colons + min(lexer.unescaped, 1) > 1:
        raise NoSafeRepair
    if (lexer.guesses or lexer.unescaped) and (lone_commas or lexer.unquoted):
        raise NoSafeRepair
    if lone_commas > 1 and colons:
        raise NoSafeRepair
    if tokens[-1].kind in "hn" and (len(tokens) - 1, ",") in walked.added:
        raise NoSafeRepair  # A cut-off word after a complete value without a comma may be prose.


def _several_values_note(body: str, tokens: list[Token], walked: structure.Walk) -> str:
    stopped = tokens[walked.stopped].start if walked.stopped < len(tokens) else (tokens[-1].end if tokens else 0)
    if walked.state == "end" and next(openers(body, stopped), None) is not None:
        return SEVERAL
    return ""


def _proposal(
    body: str,
    lexer: Lexer,
    tokens: list[Token],
    walked: structure.Walk,
    whole: bool,
    end: int,
    inserted: tuple[int, str] | None,
) -> Proposal:
    start = tokens[0].start
    edits = [Edit(0, body[:start], "")] if start else []
    taken = len(tokens)
    cut_at: int | None = None
    if not whole:
        if walked.state not in ("after", "item", "name") or tokens[-1].kind in "nh":
            taken = walked.member
        cut_at = tokens[taken - 1].end if taken else start
        if taken == 0:
            raise NoSafeRepair
    dropped, keys = set(walked.dropped), set(walked.keys)
    added: dict[int, str] = dict(walked.added)
    for number, token in enumerate(tokens[:taken]):
        if number in added:
            edits.append(Edit(tokens[number - 1].end, "", added[number]))
        if number in dropped:
            edits.append(Edit(token.start, body[token.start : token.end], ""))
        elif number in keys and token.kind == "v":
            edits += (Edit(token.start, "", '"'), Edit(token.end, "", '"'))
        else:
            edits += token.edits
    last = end if whole else (cut_at or 0)
    edits += [Edit(a, body[a:b], "") for a, b in lexer.comments if start <= a and b <= last]
    edits.sort(key=lambda e: e.position)  # Stable, so edits at the same position keep the order of the tokens.
    closing = "".join("}" if mark == "{" else "]" for mark in reversed(_open_at(tokens, taken)))
    if whole:
        edits.append(Edit(end, body[end:], ""))
        return Proposal(tuple(edits), start, end, cut=bool(inserted and inserted[0] >= taken - 1))
    assert cut_at is not None
    edits.append(Edit(cut_at, body[cut_at:], closing))
    return Proposal(tuple(edits), start, end, cut_at, cut=True)


def _open_at(tokens: list[Token], taken: int) -> list[str]:
    stack: list[str] = []
    for token in tokens[:taken]:
        if token.kind in "{[":
            stack.append(token.kind)
        elif token.kind in "}]" and stack:
            stack.pop()
    return stack


def _checked(raw: str, body: str, proposal: Proposal) -> Suggestion:
    # ``body`` has spaces in place of thinking blocks, so that positions are the same as in ``raw``.
    edits = [Edit(e.position, raw[e.position : e.position + len(e.before)], e.after) for e in proposal.edits]
    edits = [e for e in edits if e.before != e.after]
    text = apply_edits(raw, edits)
    try:
        parse(text)
    except NotJson:
        return Suggestion(None)
    dropped = None
    if proposal.cut_at is not None:
        dropped = body[proposal.cut_at : proposal.end].strip().removeprefix(",").strip()
    if dropped and re.search(r"[}\])]", dropped):
        return Suggestion(None)  # The dropped text contains a closing bracket, so the text was not cut there.
    if not lossless.is_lossless(raw, text, edits, lossless.JsonSpan(proposal.start, proposal.end, proposal.cut_at)):
        return Suggestion(None)
    named = dropped[: DROPPED_LIMIT - 1] + "…" if dropped and len(dropped) > DROPPED_LIMIT else dropped or None
    return Suggestion(Repair(text.strip(), bounded(raw, [trimmed(e) for e in edits]), cut=proposal.cut, dropped=named))
