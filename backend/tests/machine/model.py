"""A plain model of the life cycle, written from the design's rules and not from ``core.transitions``.

Jobs here are mutable and hold the least that the rules speak of. Nothing is imported from the package, so
that a mistake there is not repeated here.
"""

from dataclasses import dataclass, field

LEASE_MS = 30_000
ASKING_MS = 30_000
BACKOFF_BASE_MS = 2_000
BACKOFF_CAP_MS = 300_000
CALLBACK_MS = 30_000
LONGEST_WAIT_MS = 10 * CALLBACK_MS
"""What an attempt gets at most since it started, however often its processor says that it still works."""
JITTER = 0.5
"""The jitter that the machine gives to the core: the wait is then three quarters of the whole."""
TOLD_UNREAD = 10
"""Of so many callbacks that could not be read a job's history tells."""
LIMITS: dict[str, int | None] = {"f": None, "c": 2}
"""Flow → how many jobs may be in flight."""
FINAL = ("COMPLETED", "FAILED", "CANCELLED")
IN_FLIGHT = ("RUNNING", "WAITING")


@dataclass
class ModelJob:
    id: str
    prompt: str
    flow: str
    run_at: int
    priority: int
    max_attempts: int
    deadline: int | None
    state: str = "PENDING"
    attempt: int = 0
    failures: int = 0
    token: str | None = None
    until: int | None = None
    started: int = 0
    """When its newest attempt was."""
    result: str | None = None
    completions: int = 0
    changes: int = 1
    """How often it was changed: what ``rev`` must be."""
    tokens: dict[str, int] = field(default_factory=dict)
    """Every token it was ever claimed under, and the attempt that was."""
    unread: set[tuple[int, str]] = field(default_factory=set)
    """The callbacks that could not be read, as its history tells of them: of which attempt (0: none yet), and why."""
    late: set[int] = field(default_factory=set)
    """The attempts of which its history says that a result came too late (0: none)."""
    asked_at: int | None = None
    """When somebody last began to ask about its newest attempt."""
    ask_at: int | None = None
    """When its processor is to be asked because of one."""
    called_off: set[int] = field(default_factory=set)
    """The newest attempt of each cancel."""

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def due_at(self) -> int | None:
        times = [t for t in (self.until, self.ask_at, self.deadline) if t is not None]
        return None if self.is_final or not times else min(times)

    def leave_flight(self, state: str) -> None:
        self.state, self.token, self.until, self.ask_at = state, None, None, None
        self.changes += 1

    def complete(self, result: str) -> None:
        self.leave_flight("COMPLETED")
        self.result = result
        self.completions += 1

    def is_current(self, attempt: int | None, token: str | None) -> bool:
        if self.state not in IN_FLIGHT:
            return False
        return token == self.token if token is not None else attempt in (None, self.attempt)

    def succeed(self, result: str) -> bool:
        """Rule 2: welcome from any attempt while the job is not final."""
        if self.is_final:
            return False
        self.complete(result)
        return True

    def accept(self, now: int, timeout_ms: int, attempt: int | None, token: str | None) -> bool:
        """Said again while it waits, it is the word that the work still goes on: a new deadline, within limits."""
        if not self.is_current(attempt, token):
            return False
        until = now + timeout_ms
        if self.state == "WAITING":
            if now >= self.started + LONGEST_WAIT_MS:
                return False
            until = min(until, self.started + LONGEST_WAIT_MS)
            self.ask_at = None
        elif any(about == self.attempt for about, _ in self.unread):
            # It was faster than the acceptance.
            self.ask_at = now
        self.state, self.until = "WAITING", until
        self.changes += 1
        return True

    def defer(self, now: int, until: int, attempt: int | None, token: str | None) -> bool:
        """Rule 4: costs no attempt."""
        if not self.is_current(attempt, token):
            return False
        self.run_at = max(now, until)
        self.leave_flight("PENDING")
        return True

    def fail(self, now: int, retryable: bool, attempt: int | None, token: str | None) -> bool:
        if not self.is_current(attempt, token):
            return False
        self.failures += 1
        wait = min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (self.failures - 1)) * 3 // 4
        too_late = self.deadline is not None and now + wait >= self.deadline
        if not retryable or self.failures >= self.max_attempts or too_late:
            self.leave_flight("FAILED")
        else:
            self.run_at = now + wait
            self.leave_flight("PENDING")
        return True

    def expire(self, now: int) -> bool:
        if self.due_at is None or self.due_at > now:
            return False
        if self.deadline is not None and self.deadline <= now:
            self.leave_flight("FAILED")
            return True
        if self.state == "WAITING" and self.until is not None and self.until > now:
            # Its processor is to be asked; nothing has expired.
            return False
        return self.fail(now, True, None, None)

    def come_unread(self, now: int, why: str, attempt: int | None) -> bool:
        """A word for the history, unless the job has its result, or says so already, or says too much of it."""
        about = attempt if attempt is not None and attempt <= self.attempt else self.attempt
        if self.state == "COMPLETED" or (about, why) in self.unread or len(self.unread) == TOLD_UNREAD:
            return False
        self.unread.add((about, why))
        if self.state == "WAITING" and about == self.attempt:
            self.ask_at = now
        self.changes += 1
        return True

    def cancel(self) -> bool:
        if self.is_final:
            return False
        if self.attempt:
            self.called_off.add(self.attempt)
        self.leave_flight("CANCELLED")
        return True

    def answer_to_a_cancel(self, attempt: int) -> bool:
        """A word for the history, of an attempt that was called off; nothing moves."""
        if attempt not in self.called_off:
            return False
        self.changes += 1
        return True

    def ask(self, token: str, now: int) -> bool:
        """Of several who want to ask about the attempt that waits one may, for half a minute or until a reason to."""
        if self.state != "WAITING" or token != self.token:
            return False
        if self.asked_at is not None and now < self.asked_at + ASKING_MS:
            reasons = [at for at in (self.until, self.ask_at) if at is not None]
            if not self.asked_at < min(reasons) <= now:
                return False
        self.asked_at = now
        self.changes += 1
        return True

    def hear_of(self, token: str, said: bool) -> bool:
        """A word for the history, of the attempt that waits under this lease; nothing moves. Nothing said is news
        only to a wish that it be asked about; one that is younger than the question stays."""
        if self.state != "WAITING" or token != self.token:
            return False
        is_answered = self.ask_at is not None and (self.asked_at is None or self.ask_at <= self.asked_at)
        if not said and not is_answered:
            return False
        if is_answered:
            self.ask_at = None
        self.changes += 1
        return True

    def come_late(self, attempt: int | None) -> bool:
        """A result for a job that has ended without one: told once of an attempt."""
        about = attempt or self.attempt
        if self.state not in ("FAILED", "CANCELLED") or about in self.late:
            return False
        self.late.add(about)
        self.changes += 1
        return True

    def retry(self, now: int, more: int) -> bool:
        if self.state not in ("FAILED", "CANCELLED"):
            return False
        self.run_at = now
        self.max_attempts = self.failures + more
        if self.deadline is not None and self.deadline <= now:
            self.deadline = None
        self.result = None
        self.leave_flight("PENDING")
        return True

    def accept_result(self, result: str, unread: bool) -> bool:
        """A person's word. What nobody else could read is taken as long as there is no result."""
        if self.state not in ("FAILED", "CANCELLED") and (self.is_final or not unread):
            return False
        self.complete(result)
        return True


@dataclass
class Model:
    jobs: dict[str, ModelJob] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def claimable(self, flow: str, limit: int, now: int) -> list[ModelJob]:
        """What a claim must bring, in its order."""
        waiting = [j for j in self.jobs.values() if j.flow == flow and j.state == "PENDING"]
        due = [j for j in waiting if j.run_at <= now and (j.deadline is None or j.deadline > now)]
        due.sort(key=lambda j: (-j.priority, j.run_at, j.id))
        allowed = LIMITS[flow]
        if allowed is not None:
            in_flight = sum(j.flow == flow and j.state in IN_FLIGHT for j in self.jobs.values())
            limit = min(limit, max(0, allowed - in_flight))
        return due[:limit]

    def claim(self, job: ModelJob, token: str, now: int) -> None:
        assert all(token not in other.tokens for other in self.jobs.values()), "a token was given twice"
        job.state, job.token, job.until, job.started = "RUNNING", token, now + LEASE_MS, now
        job.asked_at = None
        job.attempt += 1
        job.tokens[token] = job.attempt
        job.changes += 1

    def overdue(self, now: int) -> set[str]:
        return {j.id for j in self.jobs.values() if j.due_at is not None and j.due_at <= now}

    def end_leases(self) -> None:
        """The only process there can be has died: whoever takes over ends its leases."""
        for job in self.jobs.values():
            if job.state == "RUNNING":
                job.until = 0


_PATHS: dict[str, tuple[tuple[str, ...], str]] = {
    "submitted": ((), "PENDING"),
    "started": (("PENDING",), "RUNNING"),
    "accepted": (("RUNNING",), "WAITING"),
    "snoozed": (IN_FLIGHT, "PENDING"),
    "attempt_failed": (IN_FLIGHT, "PENDING"),
    "lease_lost": (("RUNNING",), "PENDING"),
    "callback_overdue": (("WAITING",), "PENDING"),
    "completed": (("PENDING", *IN_FLIGHT), "COMPLETED"),
    "failed": (("PENDING", *IN_FLIGHT), "FAILED"),
    "cancelled": (("PENDING", *IN_FLIGHT), "CANCELLED"),
    "retried": (("FAILED", "CANCELLED"), "PENDING"),
    "result_accepted": (("PENDING", *IN_FLIGHT, "FAILED", "CANCELLED"), "COMPLETED"),
}


def end_of(history: list[str]) -> str:
    """Where a history leads, if each of its steps may follow the one before."""
    assert history[0] == "submitted"
    state = "PENDING"
    for what in history[1:]:
        if what == "cancel_answered":
            assert "cancelled" in history, f"nothing was called off: {history}"
            continue
        if what == "asked":
            assert state == "WAITING", f"nobody is asked in {state}: {history}"
            continue
        if what == "late_result":
            assert "failed" in history or "cancelled" in history, f"nothing was too late for: {history}"
            continue
        if what == "callback_unreadable":
            assert state != "COMPLETED", f"it has its result: {history}"
            continue
        before, after = _PATHS[what]
        assert state in before, f"{what} cannot follow in {state}: {history}"
        state = after
    return state
