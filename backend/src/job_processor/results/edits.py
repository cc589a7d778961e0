"""Operations on the lists of edits that turn a raw text into its repair."""

from collections.abc import Sequence

from job_processor.core.verdict import Edit

EDIT_LIMIT = 100
"""Maximum number of edits in a repair; any further ones are merged into the last."""


def apply_edits(raw: str, edits: Sequence[Edit]) -> str:
    """``raw`` with the edits applied. They must be in order and must not overlap; positions are characters of
    ``raw``."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += (raw[at : edit.position], edit.after)
        at = edit.position + len(edit.before)
    return "".join([*parts, raw[at:]])


def trimmed(edit: Edit) -> Edit:
    """The edit without the common prefix and suffix of its two sides."""
    before, after = edit.before, edit.after
    shorter = min(len(before), len(after))
    head = 0
    while head < shorter and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < shorter - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return Edit(edit.position + head, before[head : len(before) - tail], after[head : len(after) - tail])


def bounded(raw: str, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """At most EDIT_LIMIT edits with the same effect; the last one may combine several."""
    if len(edits) <= EDIT_LIMIT:
        return tuple(edits)
    rest = edits[EDIT_LIMIT - 1 :]
    start, end = rest[0].position, rest[-1].position + len(rest[-1].before)
    moved = tuple(Edit(e.position - start, e.before, e.after) for e in rest)
    return (*edits[: EDIT_LIMIT - 1], Edit(start, raw[start:end], apply_edits(raw[start:end], moved)))
