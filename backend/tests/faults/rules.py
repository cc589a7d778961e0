"""What the ledger proves of jobs and kept callbacks: nothing lost, doubled or made up, and every act was done once."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tests.faults.book import Book, Verdict
from tests.faults.history import Job
from tests.faults.ledger import Entry

Kept = dict[str, Any]
_MISMATCH = "idempotency_mismatch"
_KEPT = ("late_result", "different_result")


def check_submits(jobs: Mapping[str, Job], book: Book, v: Verdict) -> None:
    """I1, I2, I3 of what was asked for anew."""
    by_prompt: dict[str, list[str]] = defaultdict(list)
    for job in jobs.values():
        if job["replayOf"] is None:
            by_prompt[job["prompt"]].append(job["id"])
    outcomes: dict[str, set[str]] = defaultdict(set)
    for number, entry in book.submits.items():
        assert entry.prompt is not None
        outcomes[entry.prompt].add(book.outcome(number))
    for number, entry in book.batches.items():
        for prompt in entry.lines:
            outcomes[prompt].add(book.outcome(number))
    for entry, told in book.acked("submit"):
        assert told.job is not None
        # A prompt is in the request's entry byte for byte, and is in no other request but its repetitions.
        _check_kept(told.job, entry.prompt, jobs, book, v)
    for prompt, ids in by_prompt.items():
        v.holds(bool(outcomes[prompt] & {"acked", "unknown"}), "I2", f"nobody was let ask for {ids}")
        # Without a key a prompt is asked for once, with one again and again: one job in both cases.
        v.holds(len(ids) == 1, "I3", f"one submission made {ids}")


def _check_kept(job_id: str, prompt: str | None, jobs: Mapping[str, Job], book: Book, v: Verdict) -> None:
    v.holds(book.prompts.get(job_id, prompt) == prompt, "I3", f"{job_id} was given for two different prompts")
    job = jobs.get(job_id)
    if job is None:
        v.holds(job_id in book.may_be_gone, "I1", f"{job_id} was acknowledged, and is gone")
    else:
        v.holds(prompt is None or job["prompt"] == prompt, "I1", f"{job_id} is not as acknowledged")


def check_keys(book: Book, v: Verdict) -> None:
    """I3: one key, one job, until that job is deleted; another body is refused, and the same body never."""
    made: dict[str, set[str]] = defaultdict(set)
    told_at: dict[str, int] = {}
    bodies: dict[str, set[str]] = defaultdict(set)
    for number, entry in book.submits.items():
        if entry.key is None or entry.prompt is None or book.outcome(number) == "refused":
            continue
        bodies[entry.key].add(entry.prompt)
        told = book.answers.get(number)
        if told is not None and told.job is not None:
            made[entry.key].add(told.job)
            told_at[told.job] = min(book.told_at[number], told_at.get(told.job, book.told_at[number]))
    for key, ids in made.items():
        stay = ids - book.may_be_gone
        v.holds(len(stay) <= 1, "I3", f"the key {key} was answered with {sorted(ids)}")
    for number, entry in book.submits.items():
        if entry.key is None or book.outcome(number) != "refused" or book.answers[number].said != _MISMATCH:
            continue
        others = bodies[entry.key] - {entry.prompt}
        v.holds(bool(others), "I3", f"the key {entry.key} was refused, and nobody had used it for another body")
        # A job that was made later proves nothing: another body may have had the key until its job was deleted.
        earlier = {i for i in made[entry.key] if told_at[i] < book.sent_at[number]}
        owner = {book.prompts[i] for i in earlier - book.may_be_gone}
        v.holds(entry.prompt not in owner, "I3", f"the key {entry.key} was refused to the body that it made a job of")


def check_replays(jobs: Mapping[str, Job], book: Book, v: Verdict, bulk: Counter[str]) -> None:
    """A replay is a job of its own: each acknowledged one is there, and no more than were asked for.

    ``bulk``: how often bulk actions replayed each job.
    """
    of = Counter(job["replayOf"] for job in jobs.values() if job["replayOf"] is not None)
    most = book.counts("replay", acked=False) + bulk
    for original, n in of.items():
        v.holds(n <= most[original], "I2", f"{n} replays of {original}, asked for {most[original]}")
    told = [(asked, answer.job) for asked, answer in book.acked("replay")]
    v.holds(len({i for _, i in told}) == len(told), "I3", "two replays were answered with one job")
    for asked, job_id in told:
        assert asked.job is not None
        assert job_id is not None
        _check_kept(job_id, book.prompts.get(asked.job), jobs, book, v)
        job = jobs.get(job_id)
        v.holds(job is None or job["replayOf"] == asked.job, "I1", f"{job_id} is not the replay of {asked.job}")


def check_deletes(jobs: Mapping[str, Job], kept: Sequence[Kept], book: Book, v: Verdict) -> None:
    """Deleted stays deleted: not in the list, and nobody who asks for it afterwards is told otherwise."""
    for job_id in book.deleted_at:
        v.holds(job_id not in jobs, "I1", f"{job_id} was deleted, and is there again")
    for number, asked in book.asked.items():
        told = book.answers.get(number)
        if told is None or told.what != "acked":
            continue
        about = told.job if asked.op == "submit" else asked.job
        deleted = None if about is None else book.deleted_at.get(about)
        late = deleted is not None and book.sent_at[number] > deleted
        v.holds(not late, "I5", f"{about} was deleted, and a later {asked.op} was answered {told.status}")
    for one in kept:
        about = one["jobId"]
        if about in book.deleted_at and one["verdict"] != "unknown":
            v.holds(_in_the_air(about, book), "I14", f"{about} was deleted, and a callback of it stayed")


def _in_the_air(job_id: str, book: Book) -> bool:
    """Was a report on the job under way while it was deleted? The mock's own reports are in no ledger.

    Which of the two was answered first says nothing: the delete may be done before the report is kept, and answered
    after it.
    """
    ended = book.deleted_at[job_id]
    began = min(book.sent_at[n] for n, asked in book.asked.items() if asked.op == "delete" and asked.job == job_id)
    return any(
        asked.op == "report" and asked.job == job_id and book.sent_at[n] < ended and began < book.told_at.get(n, ended)
        for n, asked in book.asked.items()
    )


def check_acts(jobs: Mapping[str, Job], book: Book, v: Verdict, bulk: Counter[str]) -> None:
    """What the client was told it had done is in the job's history, and no more than it can have asked for. ``bulk``:
    how often bulk actions retried each job."""
    told = {op: book.counts(op, acked=True) for op in ("cancel", "retry", "accept")}
    tried = {op: book.counts(op, acked=False) for op in ("retry", "accept")}
    errors = Counter(a.job for a, b in book.acked("report") if b.said == "applied" and a.error is not None)
    for job_id, job in jobs.items():
        what = Counter(event["what"] for event in job["history"])
        least, most = (counts["retry"][job_id] + bulk[job_id] for counts in (told, tried))
        v.holds(least <= what["retried"] <= most, "I5", f"{job_id}: {what['retried']} retries, asked for {most}")
        most = tried["accept"][job_id]
        v.holds(what["result_accepted"] <= most, "I5", f"{job_id}: a result was accepted that nobody took")
        failed, said = what["attempt_failed"], errors[job_id]
        v.holds(failed >= said, "I1", f"{job_id}: {said} errors were applied, {failed} are there")
        if told["cancel"][job_id]:
            v.holds(what["cancelled"] >= 1, "I1", f"the cancel of {job_id} was acknowledged and is lost")
            put_back = tried["retry"][job_id] + tried["accept"][job_id] + bulk[job_id]
            stays = job["status"] == "CANCELLED" or put_back > 0
            v.holds(stays, "I5", f"{job_id} was cancelled, nobody put it back, and it is {job['status']}")
    for asked, answer in (*book.acked("report"), *book.acked("accept")):
        if asked.result is None or answer.said not in (None, "applied", "duplicate"):
            continue
        assert asked.job is not None
        done = jobs.get(asked.job)
        if done is None:
            v.holds(asked.job in book.may_be_gone, "I1", f"{asked.job} was COMPLETED, and is gone")
        else:
            same = done["status"] == "COMPLETED" and done["result"] == asked.result
            v.holds(same, "I4", f"the result of {asked.job} was taken and is not there")


def check_kept(kept: Sequence[Kept], book: Book, v: Verdict, *, recounts: bool = False) -> None:
    """The inbox: what came too late, or was another result, is kept; once, with the number of its deliveries.

    ``recounts``: a store over a network may count a delivery twice whose own answer from the database was lost.
    """
    # Of what could not be read the list has the size alone.
    marks = Counter(_mark(one) for one in kept if one["verdict"] != "unreadable")
    twice = [mark for mark, n in marks.items() if n > 1]
    v.holds(not twice, "I14", f"callbacks that are kept twice: {twice[:3]}")
    by_words = {(one["jobId"], one["attempt"], one["content"]): one for one in kept if one["verdict"] != "duplicate"}
    told: Counter[tuple[str | None, int | None, str | None]] = Counter()
    sent: Counter[tuple[str | None, int | None, str | None]] = Counter()
    for number, asked in book.asked.items():
        if asked.op != "report" or asked.result is None or asked.job in book.may_be_gone:
            continue
        words = (asked.job, asked.attempt, asked.result)
        sent[words] += 1
        told[words] += book.answers.get(number, _NONE).said in _KEPT
    for mark, n in told.items():
        found = by_words.get(mark)
        if n:
            v.holds(found is not None, "I1", f"a result for {mark[0]} was said to be kept, and is not")
        if found is not None:
            fits = n <= found["deliveries"] and (recounts or found["deliveries"] <= sent[mark])
            v.holds(fits, "I3", f"{found['deliveries']} deliveries of {found['id']}: {n} told, {sent[mark]} sent")


_NONE = Entry(what="unknown")


def _mark(one: Kept) -> tuple[object, ...]:
    duplicate = one["verdict"] == "duplicate"
    names = ("jobId", "attempt", "executionId", "flow", "said", "content")
    return (duplicate, *(one[name] for name in names))


def check_seen(jobs: Mapping[str, Job], book: Book, v: Verdict) -> None:
    """I5: a final state that was read once is there for good, unless a retry that was asked for came after it."""
    for entry in book.seen:
        assert entry.job is not None
        assert entry.state is not None
        job = jobs.get(entry.job)
        if job is None:
            v.holds(entry.job in book.may_be_gone, "I1", f"{entry.job} was seen {entry.state} and is gone")
        elif entry.state == "COMPLETED":
            now = (job["status"], job["result"], job["finishedAt"])
            v.holds(now == (entry.state, entry.result, entry.finished), "I5", f"{entry.job} was COMPLETED otherwise")
        else:
            kept = any(e["what"] == entry.state.lower() and e["at"] == entry.finished for e in job["history"])
            v.holds(kept, "I5", f"{entry.job} was seen {entry.state} at {entry.finished}; its history knows nothing")
