"""What the ledger proves of batches and bulk actions: every line is one job, and every job was acted on once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from job_processor.core.batch import end_of_jobs
from tests.faults.book import Book, Verdict
from tests.faults.history import FINAL, OPEN, Job, state_at
from tests.faults.ledger import Bulk, Entry

Row = Mapping[str, Any]
Did: TypeAlias = Mapping[str, Counter[str]]
"""How often something was done to each job, by what did it."""
DONE_WORDS = {"retry": "job_retried", "cancel": "job_cancelled", "replay": "job_replayed", "delete": "job_deleted"}
"""Of each kind of bulk action, what the audit says of a job that it acted on."""
_POSSIBLE = {"retry": {"FAILED", "CANCELLED"}, "cancel": OPEN, "delete": set(FINAL), "replay": {*OPEN, *FINAL}}


def check_batches(jobs: Mapping[str, Job], batches: Sequence[Row], book: Book, v: Verdict) -> None:
    """I1, I2, I3 of batches: each one that was acknowledged is there, once, with each of its lines once."""
    _check_keys(book.batches, batches, "name", book, v)
    lines: dict[str, dict[int, list[Job]]] = defaultdict(lambda: defaultdict(list))
    for job in jobs.values():
        if job["batchId"] is not None:
            lines[job["batchId"]][job["batchLine"]].append(job)
    of = _by_key(book.batches, book)
    for batch in batches:
        asked = of.get(batch["name"])
        if asked is None:
            continue
        name, there = batch["id"], lines.pop(batch["id"], {})
        told = (batch["jobs"], batch["refused"], batch["lines"])
        wanted = (len(asked.lines), asked.wrong, len(asked.lines) + asked.wrong)
        v.holds(told == wanted, "I1", f"batch {name} has {told} jobs, refused and all lines, not {wanted}")
        v.holds(all(len(one) == 1 for one in there.values()), "I3", f"a line of batch {name} became two jobs")
        left = Counter(asked.lines)
        left.subtract(one["prompt"] for found in there.values() for one in found)
        v.holds(min(left.values()) >= 0, "I2", f"batch {name} has jobs that are none of its lines")
        gone = sum(name < one < end_of_jobs(name) for one in book.may_be_gone)
        missing = sum(left.values())
        v.holds(missing <= gone, "I1", f"{missing} lines of batch {name} are gone, {gone} may have been deleted")
        in_order = sorted(there)
        by_line = [job["customId"] for line in in_order for job in there[line]]
        v.holds(by_line == sorted(by_line, key=int), "I1", f"the lines of batch {name} are out of order: {by_line}")
        v.holds(batch["status"] == "ENDED" and batch["endedAt"] is not None, "I6", f"batch {name} does not end")
    v.holds(not lines, "I14", f"jobs of batches that are not there: {list(lines)[:3]}")


def _check_keys(asked: Mapping[int, Entry], made: Sequence[Row], name: str, book: Book, v: Verdict) -> None:
    """One key, one batch or bulk action, whose ``name`` is the key; and nobody else made one."""
    ids: dict[str, set[str]] = defaultdict(set)
    for row in made:
        ids[str(row[name])].add(str(row["id"]))
    let = {entry.key for number, entry in asked.items() if book.outcome(number) != "refused"}
    for key, found in ids.items():
        v.holds(key in let, "I2", f"nobody was let ask for {sorted(found)}")
        v.holds(len(found) == 1, "I3", f"one key made {sorted(found)}")
    bodies: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for number, entry in asked.items():
        if book.outcome(number) == "acked":
            assert entry.key is not None
            told = book.answers[number].job
            bodies[entry.key].add((entry.lines, entry.wrong, repr(entry.bulk)))
            v.holds(told in ids[entry.key], "I1", f"{entry.op} {told} was acknowledged, and is gone")
    for key, sent in bodies.items():
        v.holds(len(sent) == 1, "I3", f"the key {key} was taken for different bodies")


def _by_key(asked: Mapping[int, Entry], book: Book) -> dict[str, Entry]:
    """What was asked for under each key; of a key that was misused, what it was given for."""
    outcomes = {number: book.outcome(number) for number in asked}
    let = [number for number in asked if outcomes[number] != "refused"]
    return {str(asked[n].key): asked[n] for n in sorted(let, key=lambda n: outcomes[n] == "acked")}


def acted(actions: Iterable[Row], audit: Iterable[Row]) -> tuple[Did, Did]:
    """What bulk actions did to jobs: by kind of act, and by bulk action."""
    kinds = {str(action["id"]): str(action["action"]) for action in actions}
    by_kind, by_action = defaultdict[str, Counter[str]](Counter), defaultdict[str, Counter[str]](Counter)
    for entry in audit:
        kind = kinds.get(entry["detail"] or "")
        if kind is not None and entry["act"] == DONE_WORDS[kind]:
            by_action[entry["detail"]][entry["what"]] += 1
            by_kind[kind][entry["what"]] += 1
    return by_kind, by_action


def check_bulk_actions(
    jobs: Mapping[str, Job], actions: Sequence[Row], audit: Sequence[Row], book: Book, v: Verdict
) -> Did:
    """I15: each one ended, acted on a job at most once, and left none out without a reason. Returns what they did.

    Jobs that a bulk action deleted may be gone from here on.
    """
    _check_keys(book.bulks, actions, "reason", book, v)
    by_kind, by_action = acted(actions, audit)
    for job_id in by_kind["delete"]:
        book.may_be_gone.add(job_id)
        v.holds(job_id not in jobs, "I1", f"{job_id} was deleted by a bulk action, and is there again")
    wanted = _by_key(book.bulks, book)
    for action in actions:
        v.holds(action["status"] == "DONE", "I6", f"bulk action {action['id']} is {action['status']} for ever")
        asked = wanted.get(action["reason"])
        if asked is not None and asked.bulk is not None and action["endedAt"] is not None:
            _check_action(action, asked.bulk, by_action[action["id"]], jobs, v)
    if actions:
        _check_counts(jobs, audit, by_kind, v)
    return by_kind


def _check_action(action: Row, bulk: Bulk, did: Counter[str], jobs: Mapping[str, Job], v: Verdict) -> None:
    name = f"bulk {bulk.kind} {action['id']}"
    twice = [job_id for job_id, n in did.items() if n > 1]
    v.holds(not twice, "I15", f"{name} acted twice on {twice[:3]}")
    newer = [job_id for job_id in did if job_id > action["id"]]
    v.holds(not newer, "I15", f"{name} acted on jobs that are newer: {newer[:3]}")
    done, skipped = action["done"], sum(action["skipped"].values())
    v.holds(not action["failed"], "I15", f"{name} failed on some: {action['failed']}")
    # What it acted on, and others deleted before it had been counted, counts as gone; of a delete, as done.
    gone = 0 if bulk.kind == "delete" else action["skipped"].get("job_not_found", 0)
    fits = did.total() <= done if bulk.kind == "delete" else done <= did.total() <= done + gone
    v.holds(fits, "I15", f"{name} says {done} done and {action['skipped']}, and did it to {did.total()}")
    taken = done + skipped
    v.holds(bulk.limit is None or taken <= bulk.limit, "I15", f"{name} took {taken} jobs of at most {bulk.limit}")
    v.figures["acted on in bulk"] += did.total()
    v.figures["skipped in bulk"] += skipped
    if bulk.limit is None or taken < bulk.limit:
        left = [job_id for job_id, job in jobs.items() if job_id not in did and _must_be_taken(job, action, bulk)]
        v.holds(not left, "I15", f"{name} left {len(left)} jobs out that matched all the time: {left[:3]}")


def _must_be_taken(job: Job, action: Row, bulk: Bulk) -> bool:
    """Did it match from before the bulk action until its end, and nothing happen to it meanwhile?"""
    if job["id"] > action["id"] or bulk.query.get("tag", "") not in ("", *job["tags"]):
        return False
    began, ended = action["createdAt"], action["endedAt"]
    if any(began <= event["at"] <= ended for event in job["history"]):
        return False
    states = _POSSIBLE[bulk.kind] & set(bulk.query.get("status", _POSSIBLE[bulk.kind]))
    return state_at(job, began) in states


def _check_counts(jobs: Mapping[str, Job], audit: Sequence[Row], bulk: Did, v: Verdict) -> None:
    """What the audit says was done is in the jobs, no more and no less."""
    told = Counter((entry["what"], entry["act"]) for entry in audit)
    replays = Counter(job["replayOf"] for job in jobs.values() if job["replayOf"] is not None)
    for job_id, job in jobs.items():
        what = Counter(event["what"] for event in job["history"])
        for word, act in (("retried", "job_retried"), ("cancelled", "job_cancelled")):
            n = told[job_id, act]
            v.holds(what[word] == n, "I15", f"{job_id} was {word} {what[word]} times, and {n} times by the audit")
        if not job["tags"]:
            # Replays have the tags of their jobs; without one nobody deletes a replay whose id he was not told.
            n = bulk["replay"][job_id]
            v.holds(replays[job_id] >= n, "I15", f"{job_id} has {replays[job_id]} replays, bulk actions made {n}")
