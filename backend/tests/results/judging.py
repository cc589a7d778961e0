"""Whether a repair of a broken document is right, harmless or wrong."""

import json

from tests.results.breakages import Case, Value


def judge(one: Case, repaired: str | None, is_cut: bool) -> str:
    """``right``, ``none`` or ``wrong``."""
    if repaired is None:
        return "none"
    value = json.loads(repaired)
    if value == one.value and _same(value, one.value):
        return "right"
    if is_cut and {"missing brace", "cut"} <= set(one.kinds):
        # Where the bracket stood is behind the end: what was said must be there, under its name and in order.
        # The last one may be a name by rights: nobody could tell.
        said = leaves(value)[:-1]
        return "right" if all(is_prefix(a, b) for a, b in zip(said, leaves(one.value), strict=False)) else "wrong"
    return "right" if is_cut and is_prefix(value, one.value) else "wrong"


def leaves(value: Value, name: str = "") -> list[list[Value]]:
    """Every value that is no container, with the name it stands under."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, key)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner, name)]
    return [[name, value]]


def _same(left: Value, right: Value) -> bool:
    return json.dumps(left) == json.dumps(right)  # 1 is not true, and the order of names is kept.


def is_prefix(part: Value, whole: Value) -> bool:
    """Is this what is left of ``whole`` when its text is cut? Only the last member at each level may be unfinished."""
    if isinstance(part, str) and isinstance(whole, str):
        return whole.startswith(part)
    if isinstance(part, dict) and isinstance(whole, dict):
        names = list(part)
        if names != list(whole)[: len(names)]:
            return False
        return all(_same(part[n], whole[n]) for n in names[:-1]) and all(
            is_prefix(part[n], whole[n]) for n in names[-1:]
        )
    if isinstance(part, list) and isinstance(whole, list):
        if len(part) > len(whole):
            return False
        return all(_same(p, w) for p, w in zip(part[:-1], whole, strict=False)) and all(
            is_prefix(p, w) for p, w in zip(part[-1:], whole[len(part) - 1 :], strict=False)
        )
    return _same(part, whole)
