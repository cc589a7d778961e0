"""The history of a job is a legal path. Written down here once more, apart from the code that it judges."""

from typing import Any

from tests.faults.book import Verdict

Job = dict[str, Any]
FINAL = ("COMPLETED", "FAILED", "CANCELLED")
OPEN = frozenset({"PENDING", "RUNNING", "WAITING"})
_FLIGHT = frozenset({"RUNNING", "WAITING"})
# What happened → the states it may happen in, and the state after it.
_MOVES = {
    "submitted": (frozenset({"NEW"}), "PENDING"),
    "started": (frozenset({"PENDING"}), "RUNNING"),
    "accepted": (frozenset({"RUNNING"}), "WAITING"),
    "snoozed": (_FLIGHT, "PENDING"),
    "attempt_failed": (_FLIGHT, "PENDING"),
    "lease_lost": (frozenset({"RUNNING"}), "PENDING"),
    "callback_overdue": (frozenset({"WAITING"}), "PENDING"),
    "completed": (OPEN, "COMPLETED"),
    "failed": (OPEN, "FAILED"),
    "cancelled": (OPEN, "CANCELLED"),
    "retried": (frozenset({"FAILED", "CANCELLED"}), "PENDING"),
    "result_accepted": (frozenset({"FAILED", "CANCELLED"}), "COMPLETED"),
}
_COUNTED = ("attempt_failed", "lease_lost", "callback_overdue")


def state_at(job: Job, at: str) -> str:
    """Where a job was just before then, by its history."""
    state = "NEW"
    for event in job["history"]:
        if event["at"] < at and event["what"] in _MOVES:
            state = _MOVES[event["what"]][1]
    return state


def ends(job: Job) -> list[tuple[str, str]]:
    """When it ended, and in which state; each retry lets it end once more."""
    moves = ((event["at"], _MOVES[event["what"]][1]) for event in job["history"] if event["what"] in _MOVES)
    return [(at, state) for at, state in moves if state in FINAL]


def check_history(job: Job, v: Verdict) -> None:
    """I4, I5, I9, I14: the history is a legal path, ends where the job is, and its attempts count up by one."""
    name = job["id"]
    state, attempt, failures, completions = "NEW", 0, 0, 0
    called_off = ended = unread = False
    for event in job["history"]:
        what = event["what"]
        called_off |= what == "cancelled"
        unread |= what == "callback_unreadable"
        if what == "cancel_answered":
            v.holds(called_off, "I5", f"{name}: an answer to a cancel, and there was none")
            continue
        if what == "asked":
            v.holds(state == "WAITING", "I5", f"{name}: somebody was asked in state {state}")
            continue
        if what == "late_result":
            ended |= state in FINAL
            v.holds(ended, "I5", f"{name}: a result was too late, and the job had not ended")
            continue
        if what == "callback_unreadable":
            v.holds(state not in ("NEW", "COMPLETED"), "I5", f"{name}: an unreadable callback in state {state}")
            continue
        may_be, after = _MOVES[what]
        # What could not be read may be taken by a person while the job is open, too.
        taken = what == "result_accepted" and unread and state in OPEN
        v.holds(state in may_be or taken, "I5", f"{name}: {what} in state {state}")
        state = after
        if what == "started":
            v.holds(event["attempt"] == attempt + 1, "I9", f"{name}: attempt {event['attempt']} after {attempt}")
            attempt = event["attempt"]
        failures += what in _COUNTED
        completions += after == "COMPLETED"
    v.holds(completions <= 1, "I4", f"{name} was completed {completions} times")
    v.holds(state == job["status"], "I14", f"{name} is {job['status']}, its history ends in {state}")
    v.holds(job["status"] in FINAL, "I6", f"{name} is still {job['status']}")
    v.holds(job["attempt"] == attempt, "I9", f"{name} counts {job['attempt']} attempts, its history {attempt}")
    v.holds(failures == job["failures"], "I9", f"{name} counts {job['failures']} failures, its history {failures}")
    v.holds(job["failures"] <= job["maxAttempts"], "I9", f"{name}: {job['failures']} of {job['maxAttempts']} failures")
    ends = [a["end"] for a in job["attempts"]]
    v.holds(None not in ends, "I7", f"{name} is final and has an open attempt: {ends}")
    v.holds((job["result"] is not None) == (job["status"] == "COMPLETED"), "I4", f"{name}: {job['status']} and result")
