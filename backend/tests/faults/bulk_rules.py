"""What must be true of one bulk action that was killed again and again: it ended, and acted on each job once."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from job_processor.acts.bulk import MAX_COUNTED
from tests.faults.book import Verdict
from tests.faults.many_rules import DONE_WORDS, Row

RETRIED = ("submitted", "started", "attempt_failed", "failed", "retried")


class Shown(NamedTuple):
    """A job as the export shows it; ``history``: what happened to it, in order."""

    status: str
    prompt: str
    attempt: int
    history: tuple[str, ...]
    replay_of: str | None = None

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> "Shown":
        """There are many of them, with few states and words."""
        history = tuple(sys.intern(event["what"]) for event in job["history"])
        return cls(sys.intern(job["status"]), job["prompt"], job["attempt"], history, job["replayOf"])


@dataclass(slots=True)
class Ended:
    """A bulk action and all that is left when it has ended.

    ``prompts``: of the jobs that matched, by id. ``records``: the bulk action as it was shown before and after each
    kill, in that order; the last one after its end. ``jobs``: every job there is, by id; ``counters``: the server's own
    numbers of them by state. ``audit``: what was done to jobs, by whom. ``may_be_unknown``: an entry may be of an act
    that a killed process did not come to, or did and could not note: MongoDB writes one document at a time.
    """

    kind: str
    prompts: Mapping[str, str]
    records: Sequence[Row]
    jobs: Mapping[str, Shown]
    counters: Mapping[str, int]
    audit: Sequence[Row]
    may_be_unknown: bool = False


def check(ended: Ended, v: Verdict) -> None:
    """I1, I2, I3, I6, I14 and I15, for a retry of FAILED jobs or a replay of jobs that were retried before. Nothing but
    the bulk action may have changed a job."""
    _check_records(ended, v)
    _check_jobs(ended, v)
    _check_audit(ended, v)
    counted = Counter(job.status for job in ended.jobs.values())
    v.holds(dict(ended.counters) == dict(counted), "I14", f"counters {ended.counters} differ from the list {counted}")


def _check_records(ended: Ended, v: Verdict) -> None:
    """The record only moves forward, and says at the end that all jobs were acted on."""
    name, number, last = f"the {ended.kind}", len(ended.prompts), ended.records[-1]
    made = {record["id"] for record in ended.records}
    v.holds(len(made) == 1, "I3", f"one key made {len(made)} bulk actions")
    back = [(a["done"], b["done"]) for a, b in pairwise(ended.records) if _handled(b) < _handled(a)]
    v.holds(not back, "I15", f"{name} went back in its count: {back[:3]}")
    wrong = {record["matched"] for record in ended.records[:-1]} - {min(number, MAX_COUNTED)}
    v.holds(not wrong, "I15", f"{name} says that {wrong} jobs match, and there are {number}")
    v.holds(last["matched"] == number, "I15", f"{name} says at its end that {last['matched']} of {number} jobs matched")
    v.holds(last["status"] == "DONE", "I6", f"{name} is {last['status']} for ever")
    v.holds(last["done"] == number, "I15", f"{name} says that it acted on {last['done']} of {number} jobs")
    left = {**last["skipped"], **last["failed"]}
    v.holds(not left, "I15", f"{name} left jobs out, of which nobody else did anything: {left}")


def _handled(record: Row) -> int:
    return int(record["done"] + sum(record["skipped"].values()) + sum(record["failed"].values()))


def _check_jobs(ended: Ended, v: Verdict) -> None:
    lost = ended.prompts.keys() - ended.jobs.keys()
    v.holds(not lost, "I1", f"{len(lost)} jobs are gone: {_some(lost)}")
    new = {job_id: job for job_id, job in ended.jobs.items() if job_id not in ended.prompts}
    old = {job_id: job for job_id, job in ended.jobs.items() if job_id in ended.prompts}
    other = [job_id for job_id, job in old.items() if job.prompt != ended.prompts[job_id]]
    v.holds(not other, "I1", f"{len(other)} jobs have another prompt: {_some(other)}")
    _check_all(old, RETRIED, attempt=1, what="retried once, and nothing else", v=v)
    _check_all(new, ("submitted",), attempt=0, what="made by a replay, and nothing else", v=v)
    replays = Counter(job.replay_of for job in new.values())
    wanted = Counter[str | None](ended.prompts.keys() if ended.kind == "replay" else ())
    missing, more = wanted - replays, replays - wanted
    v.holds(not missing, "I15", f"{missing.total()} replays are missing: of {_some(missing)}")
    v.holds(not more, "I15", f"{more.total()} replays too many: of {_some(more)}")
    strange = [job_id for job_id, job in new.items() if job.prompt != ended.prompts.get(job.replay_of or "")]
    v.holds(not strange, "I2", f"{len(strange)} replays have no job's prompt: {_some(strange)}")


def _check_all(jobs: Mapping[str, Shown], history: tuple[str, ...], attempt: int, what: str, v: Verdict) -> None:
    """Each of these waits to be handed over, and has this history."""
    wrong = [
        job_id
        for job_id, job in jobs.items()
        if (job.history, job.status, job.attempt) != (history, "PENDING", attempt)
    ]
    shown = [jobs[job_id] for job_id in wrong[:3]]
    v.holds(not wrong, "I15", f"{len(wrong)} jobs were not {what}: {shown}")


def _check_audit(ended: Ended, v: Verdict) -> None:
    """The audit names each job once, as acted on by this bulk action."""
    acts = [entry for entry in ended.audit if entry["act"] == DONE_WORDS[ended.kind]]
    foreign = [entry["what"] for entry in acts if entry["detail"] != ended.records[-1]["id"]]
    v.holds(not foreign, "I15", f"the audit has acts of somebody else on {_some(foreign)}")
    by_outcome = {one: Counter(e["what"] for e in acts if e["outcome"] == one) for one in ("done", "unknown")}
    done, unknown = by_outcome["done"], by_outcome["unknown"]
    v.holds(done.total() + unknown.total() == len(acts), "I15", "the audit has acts that are neither done nor unknown")
    v.holds(ended.may_be_unknown or not unknown, "I15", f"the audit does not know what came of {_some(unknown)}")
    twice = done - Counter(ended.prompts.keys())
    v.holds(not twice, "I15", f"by the audit there were more acts than one on {_some(twice)}")
    silent = ended.prompts.keys() - done.keys() - unknown.keys()
    v.holds(not silent, "I15", f"the audit says nothing of {len(silent)} jobs: {_some(silent)}")


def _some(ids: Iterable[str | None]) -> list[str]:
    return sorted(map(str, ids))[:3]
