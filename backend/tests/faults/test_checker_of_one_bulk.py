"""The checker of one big bulk action: whatever is lost, left out or done twice is found, under its rule."""

from collections.abc import Callable

import pytest

from tests.faults import bulk_rules
from tests.faults.book import Verdict
from tests.faults.bulk_rules import RETRIED, Ended, Shown
from tests.faults.many_rules import DONE_WORDS, Row

A, B, C = ("0" * 23 + n for n in "123")
A_AGAIN, B_AGAIN, C_AGAIN = ("f" * 23 + n for n in "123")
ACTION = "a" * 24
PROMPTS = {A: "one", B: "two", C: "three"}


def _record(done: int, status: str = "RUNNING") -> Row:
    return {"id": ACTION, "status": status, "matched": 3, "done": done, "skipped": {}, "failed": {}}


def _in_order(kind: str) -> Ended:
    jobs = {job_id: Shown("PENDING", prompt, 1, RETRIED) for job_id, prompt in PROMPTS.items()}
    if kind == "replay":
        replays = zip((A_AGAIN, B_AGAIN, C_AGAIN), PROMPTS.items(), strict=True)
        jobs |= {again: Shown("PENDING", prompt, 0, ("submitted",), old) for again, (old, prompt) in replays}
    audit = [{"act": DONE_WORDS[kind], "what": job_id, "detail": ACTION, "outcome": "done"} for job_id in PROMPTS]
    audit.append({"act": "bulk_started", "what": ACTION, "detail": kind, "outcome": "done"})
    records = [_record(0), _record(1), _record(1), _record(3, "DONE")]
    return Ended(kind, dict(PROMPTS), records, jobs, {"PENDING": len(jobs)}, audit)


def _broken(ended: Ended) -> set[str]:
    verdict = Verdict()
    bulk_rules.check(ended, verdict)
    return {line.partition(":")[0] for line in verdict.broken}


@pytest.mark.parametrize("kind", ["retry", "replay"])
def test_a_bulk_action_in_order_is_acquitted(kind: str) -> None:
    assert _broken(_in_order(kind)) == set()


def _lost(ended: Ended) -> None:
    ended.jobs = {job_id: job for job_id, job in ended.jobs.items() if job_id != A}


def _change(ended: Ended, job_id: str, **changes: object) -> None:
    ended.jobs = {**ended.jobs, job_id: ended.jobs[job_id]._replace(**changes)}  # type: ignore[arg-type]  # by name


def _other_prompt(ended: Ended) -> None:
    _change(ended, A, prompt="two")


def _retried_twice(ended: Ended) -> None:
    _change(ended, A, history=(*RETRIED, "failed", "retried"))


def _not_retried(ended: Ended) -> None:
    _change(ended, A, status="FAILED", history=RETRIED[:-1])


def _handed_over(ended: Ended) -> None:
    _change(ended, A, attempt=2, history=(*RETRIED, "started"))


def _unasked_job(ended: Ended) -> None:
    ended.jobs = {**ended.jobs, "e" * 24: Shown("PENDING", "one", 0, ("submitted",))}


def _no_replay(ended: Ended) -> None:
    ended.jobs = {job_id: job for job_id, job in ended.jobs.items() if job_id != A_AGAIN}


def _replayed_twice(ended: Ended) -> None:
    ended.jobs = {**ended.jobs, "e" * 24: ended.jobs[A_AGAIN]}


def _replay_of_a_replay(ended: Ended) -> None:
    ended.jobs = {**ended.jobs, "e" * 24: ended.jobs[A_AGAIN]._replace(replay_of=A_AGAIN)}


def _replay_of_another(ended: Ended) -> None:
    _change(ended, A_AGAIN, replay_of=B)


def _replay_with_another_prompt(ended: Ended) -> None:
    _change(ended, A_AGAIN, prompt="two")


def _replay_at_work(ended: Ended) -> None:
    _change(ended, A_AGAIN, status="RUNNING", attempt=1, history=("submitted", "started"))


def _last(ended: Ended, **changes: object) -> None:
    ended.records = [*ended.records[:-1], {**ended.records[-1], **changes}]


def _open(ended: Ended) -> None:
    _last(ended, status="RUNNING")


def _counted_too_few(ended: Ended) -> None:
    _last(ended, done=2)


def _counted_twice(ended: Ended) -> None:
    _last(ended, done=4)


def _skipped(ended: Ended) -> None:
    _last(ended, skipped={"no_longer_matches": 1})


def _failed(ended: Ended) -> None:
    _last(ended, failed={"job_damaged": 1})


def _matched_fewer(ended: Ended) -> None:
    _last(ended, matched=2)


def _forgot_what_matched(ended: Ended) -> None:
    ended.records = [{**ended.records[0], "matched": 0}, *ended.records[1:]]


def _went_back(ended: Ended) -> None:
    ended.records = [_record(2), *ended.records[1:]]


def _made_again(ended: Ended) -> None:
    ended.records = [{**ended.records[0], "id": "b" * 24}, *ended.records[1:]]


def _no_word(ended: Ended) -> None:
    ended.audit = ended.audit[1:]


def _two_words(ended: Ended) -> None:
    ended.audit = [*ended.audit, ended.audit[0]]


def _word_of_somebody_else(ended: Ended) -> None:
    ended.audit = [{**ended.audit[0], "detail": None}, *ended.audit[1:]]


def _unknown_act(ended: Ended) -> None:
    ended.audit = [*ended.audit, {**ended.audit[0], "outcome": "unknown"}]


def _refused_act(ended: Ended) -> None:
    ended.audit = [*ended.audit, {**ended.audit[0], "outcome": "refused"}]


def _word_of_another_job(ended: Ended) -> None:
    ended.audit = [*ended.audit, {**ended.audit[0], "what": "e" * 24}]


def _miscounted(ended: Ended) -> None:
    ended.counters = {"PENDING": len(ended.jobs) + 1}


_OF_EACH: dict[Callable[[Ended], None], set[str]] = {
    **{_lost: {"I1", "I14"}, _other_prompt: {"I1"}},
    **{_retried_twice: {"I15"}, _not_retried: {"I14", "I15"}, _handed_over: {"I15"}},
    **{_open: {"I6"}, _counted_too_few: {"I15"}, _counted_twice: {"I15"}, _skipped: {"I15"}, _failed: {"I15"}},
    **{_matched_fewer: {"I15"}, _forgot_what_matched: {"I15"}, _went_back: {"I15"}, _made_again: {"I3"}},
    **{_no_word: {"I15"}, _two_words: {"I15"}, _word_of_somebody_else: {"I15"}, _miscounted: {"I14"}},
    **{_unknown_act: {"I15"}, _refused_act: {"I15"}, _word_of_another_job: {"I15"}},
}
_OF_REPLAYS: dict[Callable[[Ended], None], set[str]] = {
    **{_no_replay: {"I14", "I15"}, _replayed_twice: {"I14", "I15"}, _replay_of_a_replay: {"I2", "I14", "I15"}},
    **{_replay_of_another: {"I2", "I15"}, _replay_with_another_prompt: {"I2"}, _replay_at_work: {"I14", "I15"}},
}


@pytest.mark.parametrize(
    ("kind", "fault", "guilty_of"),
    [
        *((kind, fault, rules) for kind in ("retry", "replay") for fault, rules in _OF_EACH.items()),
        *(("replay", fault, rules) for fault, rules in _OF_REPLAYS.items()),
        ("retry", _unasked_job, {"I2", "I14", "I15"}),
        ("replay", _unasked_job, {"I2", "I14", "I15"}),
    ],
)
def test_each_fault_is_found(kind: str, fault: Callable[[Ended], None], guilty_of: set[str]) -> None:
    ended = _in_order(kind)
    fault(ended)
    assert _broken(ended) == guilty_of


@pytest.mark.parametrize("kind", ["retry", "replay"])
def test_where_an_entry_may_be_unknown_there_is_at_least_one_and_no_more_than_one_is_done(kind: str) -> None:
    ended = _in_order(kind)
    ended.may_be_unknown = True
    _unknown_act(ended)
    assert _broken(ended) == set()
    _two_words(ended)
    assert _broken(ended) == {"I15"}
    ended.audit = ended.audit[1:-2]
    assert _broken(ended) == {"I15"}
