"""Webhooks: each end of a job or batch was told, with one id and always the same bytes, and nothing else was."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tests.faults.book import Book, Verdict
from tests.faults.history import Job, ends
from tests.faults.many import TOLD
from tests.faults.many_rules import Row
from tests.faults.receiver import STANDING, Heard

_End = tuple[str, str]
"""The type of a notice, and when what it tells of happened."""


def check_notices(
    jobs: Mapping[str, Job],
    batches: Sequence[Row],
    deliveries: Sequence[Row],
    heard: Heard,
    book: Book,
    v: Verdict,
) -> None:
    """I16: what ended was told, as often as it ended; none is signed wrongly, and none tells what did not happen.

    A notice may come more than once, with its id. What was told of jobs that are deleted cannot be compared.
    """
    v.holds(not heard.wrong, "I16", f"{len(heard.wrong)} requests are wrong: {heard.wrong[:2]}")
    told: dict[str, dict[str, Counter[_End]]] = defaultdict(lambda: defaultdict(Counter))
    for (path, _), notice in heard.told.items():
        told[path][notice.data.id][notice.type, notice.timestamp] += 1
    of_jobs = {"/job": told["/job"], STANDING: told[STANDING]}
    for job_id, job in jobs.items():
        ended = Counter((f"job.{state.lower()}", at) for at, state in ends(job))
        has_own = TOLD in job["prompt"] and job["replayOf"] is None
        for path, wanted in (("/job", ended if has_own else Counter()), (STANDING, ended)):
            found = of_jobs[path].pop(job_id, Counter[_End]())
            v.holds(found == wanted, "I16", f"{path} was told {dict(found)} of {job_id}, which ended {dict(wanted)}")
    for job_id in book.may_be_gone - jobs.keys():
        v.holds(bool(of_jobs[STANDING].get(job_id)), "I16", f"{job_id} was deleted, and its end never told")
    strangers = {job_id for found in of_jobs.values() for job_id in found} - book.may_be_gone
    v.holds(not strangers, "I16", f"the ends of jobs were told that are not there: {sorted(strangers)[:3]}")
    _check_batches(batches, told["/batch"], heard, v)
    marks = {message for _, message in heard.told}
    for one in deliveries:
        came = one["messageId"] in marks
        v.holds(came and one["state"] == "delivered", "I16", f"{one['messageId']} is {one['state']}, and came: {came}")
    v.figures["notices"] += len(heard.told)
    v.figures["notices received again"] += heard.requests - len(heard.told)


def _check_batches(batches: Sequence[Row], told: Mapping[str, Counter[_End]], heard: Heard, v: Verdict) -> None:
    wanted = {batch["id"]: batch["lines"] for batch in batches if batch["webhookUrl"] is not None}
    for batch_id in wanted.keys() | told.keys():
        found = told.get(batch_id, Counter())
        once = found.total() == 1 and {kind for kind, _ in found} == {"batch.ended"}
        v.holds(once and batch_id in wanted, "I16", f"the end of batch {batch_id} was told as {dict(found)}")
    for (path, _), notice in heard.told.items():
        if path == "/batch":
            lines, counted = wanted.get(notice.data.id), sum(notice.data.counts.values())
            v.holds(counted == lines, "I16", f"{counted} of {lines} lines of batch {notice.data.id} had ended")
