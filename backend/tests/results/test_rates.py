"""How often a repair is right, on seeded breakages: never wrong, and right in nine of ten.

``make repair-rates`` measures 10,000 cases; ``SEED`` chooses others.
"""

import os
from collections import Counter

from job_processor.results import examine
from tests.results.breakages import BREAKAGES, Case, case
from tests.results.judging import judge

COUNT = int(os.environ.get("REPAIR_CASES", "1500"))
SEED = int(os.environ.get("SEED", "0"))


def outcome(one: Case) -> str:
    offered = examine(one.text).repaired
    return judge(one, None if offered is None else offered.text, offered is not None and offered.cut)


def test_no_repair_is_wrong_and_nine_of_ten_are_right() -> None:
    totals: Counter[str] = Counter()
    by_kind = {kind: Counter[str]() for kind in BREAKAGES}
    wrong: list[str] = []
    for number in range(SEED, SEED + COUNT):
        one = case(number)
        came = outcome(one)
        totals[came] += 1
        for kind in one.kinds:
            by_kind[kind][came] += 1
        if came == "wrong":
            wrong.append(f"{number} {one.kinds}: {one.text!r}")
    print(f"\n{_row('all', totals)}")
    for kind, counts in by_kind.items():
        print(_row(kind, counts))
    assert not wrong
    assert totals["right"] >= 0.9 * COUNT
    assert all(counts.total() > 0 for counts in by_kind.values())


def _row(name: str, counts: "Counter[str]") -> str:
    shares = "  ".join(f"{came} {counts[came] / counts.total():6.1%}" for came in ("right", "none"))
    return f"{name:16} {counts.total():6} cases  {shares}  wrong {counts['wrong']}"


def test_the_judge_knows_right_from_wrong() -> None:
    one = Case(("cut",), {"a": "long", "b": [1, 2]}, "")
    assert judge(one, '{"a": "long", "b": [1, 2]}', False) == "right"
    assert judge(one, '{"a": "long", "b": [1]}', True) == "right"
    assert judge(one, '{"a": "lo"}', True) == "right"
    assert judge(one, '{"a": "long", "b": [1]}', False) == "wrong"
    assert judge(one, '{"a": "lo", "b": [1]}', True) == "wrong"
    assert judge(one, '{"b": [1, 2]}', True) == "wrong"
    assert judge(Case(("cut",), [1, True], ""), "[1, 1]", True) == "wrong"
    assert judge(one, None, False) == "none"
