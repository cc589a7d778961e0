"""The machine: everything that can happen to jobs, in any order, from anyone, at any time."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from job_processor.core.job import JobError
from job_processor.core.outcome import (
    Accepted,
    Asked,
    Asking,
    CallbackUnreadable,
    CancelAnswered,
    Cancelled,
    Failed,
    LateResult,
    Reported,
    ResultAccepted,
    Retried,
    Signal,
    Succeeded,
)
from job_processor.core.transitions import decide
from tests.machine import model
from tests.machine.ground import RULES
from tests.machine.model import ModelJob
from tests.machine.steps import Steps, kinds, texts, waits, which


class LifeCycle(Steps):
    """The single steps, and those that belong together: of a worker that stops, of questions, of late callbacks."""

    @rule(
        flow=st.sampled_from(sorted(RULES)),
        priorities=st.lists(st.integers(-1, 1), min_size=1, max_size=4),
        said=st.lists(st.tuples(kinds, waits, texts), max_size=4),
        who=which,
    )
    def a_busy_moment(self, flow: str, priorities: list[int], said: list[tuple[str, int, str]], who: int) -> None:
        """Steps that belong together, so that most of the time jobs are under way: they come, are claimed, answered."""
        for priority in priorities:
            self._submit(flow, 0, priority, 3, None, who)
        self.claim(flow, 3, who)
        for known, (kind, wait, result) in zip(self._in_flight(), said, strict=False):
            self._report(known, kind, wait, result, known.attempt, known.token, who + 1)

    @rule(
        pick=which,
        flow=st.sampled_from(sorted(RULES)),
        kind=kinds,
        late=kinds,
        wait=waits,
        result=texts,
        who=which,
    )
    def a_worker_stops_past_its_lease(
        self, pick: int, flow: str, kind: str, late: str, wait: int, result: str, who: int
    ) -> None:
        """Its job is given to another; then it wakes up, and says and writes what it had in mind."""
        known = self._one_in_flight(pick, flow, who)
        if known is None:
            return
        zombie, attempt, until = known.token, known.attempt, known.until
        assert until is not None
        self.decide_and_stop_at(known, kind, result, who)
        self.place.clock.forward(max(0, until - self.place.clock.now()))
        self.reap(who)
        if known.state == "PENDING":
            self.place.clock.forward(max(0, known.run_at - self.place.clock.now()))
            self.claim(known.flow, 4, who + 1)
        self.go_on_too_late(0, who)
        self._report(known, late, wait, result, attempt, zombie, who)

    @rule(pick=which, flow=st.sampled_from(sorted(RULES)), steps=st.lists(waits, min_size=2, max_size=4), who=which)
    def a_processor_says_again_and_again_that_it_works(self, pick: int, flow: str, steps: list[int], who: int) -> None:
        known = self._one_in_flight(pick, flow, who)
        if known is None:
            return
        for wait in steps:
            self._report(known, "accept", wait, "", known.attempt, known.token, who)
            self.place.clock.forward(wait)

    @precondition(lambda self: self._in_flight())
    @rule(pick=which, said=st.booleans(), answered=st.booleans(), stale=st.booleans(), who=which)
    def a_processor_is_asked(self, pick: int, said: bool, answered: bool, stale: bool, who: int) -> None:
        """News of the attempt that waits, and of no other; neither its state nor its deadline moves."""
        under_way = self._in_flight()
        known = under_way[pick % len(under_way)]
        token = "somebody else's" if stale else known.token
        assert token is not None
        self._ask(known, "It works on it." if said else None, answered, token, who)

    def _ask(
        self, known: ModelJob, text: str | None, answered: bool, token: str, who: int, between: str | None = None
    ) -> None:
        """``between``: why a callback could not be read that comes while somebody asks."""
        written = known.ask(token, self.place.clock.now())
        self._signal(known, Asking(known.attempt, token), written, who)
        if between is not None:
            self.place.clock.forward(1)
            self._comes_unread(known, between, None, who)
        written = known.hear_of(token, text is not None)
        self._signal(known, Asked(text, known.attempt, token, answered), written, who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, kind=kinds, result=texts, who=which)
    def decide_and_stop(self, pick: int, kind: str, result: str, who: int) -> None:
        """A process reads, decides, and is stopped before it writes."""
        self.decide_and_stop_at(self._pick(pick), kind, result, who)

    def decide_and_stop_at(self, known: ModelJob, kind: str, result: str, who: int) -> None:
        job = self.run(self._store(who).get(known.id))
        assert job is not None
        now = self.place.clock.now()
        signals: dict[str, Signal] = {
            "succeed": Reported(Succeeded(result)),
            "accept": Reported(Accepted(1000)),
            "fail": Reported(Failed(JobError("x", "y"))),
            "fail for good": Cancelled("stopped"),
            "defer": Retried(1),
        }
        change = decide(job, signals[kind], now, RULES[job.flow], model.JITTER)
        if change is not None:
            self.old.append(change)

    @precondition(lambda self: any(self._is_stale(change) for change in self.old))
    @rule(pick=which, who=which)
    def go_on_too_late(self, pick: int, who: int) -> None:
        """It wakes up after the job has moved: what it writes lands nowhere (I7)."""
        stale = [change for change in self.old if self._is_stale(change)]
        for change in stale[pick % max(1, len(stale)) :][:3]:
            assert not self.run(self._store(who).apply(change))

    @rule(pick=which, flow=st.sampled_from(sorted(RULES)), retried=st.booleans(), text=texts, who=which)
    def a_processor_answers_to_a_cancel(self, pick: int, flow: str, retried: bool, text: str, who: int) -> None:
        """At once, or after a person's retry; now and then of an attempt that nobody called off."""
        known = self._one_in_flight(pick, flow, who) if pick % 2 else self._one_called_off(pick)
        if known is None:
            return
        if known.state in model.IN_FLIGHT:
            self._signal(known, Cancelled("no"), known.cancel(), who)
        if retried and known.state == "CANCELLED":
            self.finals.pop(known.id, None)
            self._signal(known, Retried(1), known.retry(self.place.clock.now(), 1), who)
        attempts = sorted({*known.called_off, known.attempt})
        attempt = attempts[pick % len(attempts)]
        written = known.answer_to_a_cancel(attempt)
        if written:
            self.finals.pop(known.id, None)
        self._signal(known, CancelAnswered(text, attempt), written, who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, result=texts, unread=st.booleans(), who=which)
    def accept_kept_result(self, pick: int, result: str, unread: bool, who: int) -> None:
        known = self._pick(pick)
        if known.state != "COMPLETED":
            self.finals.pop(known.id, None)
        written = known.accept_result(result, unread)
        self._signal(known, ResultAccepted(result, unread=unread), written, who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, back=st.none() | st.integers(0, 2), who=which)
    def a_result_comes_late(self, pick: int, back: int | None, who: int) -> None:
        known = self._pick(pick)
        attempt = None if back is None else max(1, known.attempt - back)
        written = known.come_late(attempt)
        if written:
            self.finals.pop(known.id, None)
        self._signal(known, LateResult(attempt), written, who)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=which, back=st.none() | st.integers(-1, 2), why=st.sampled_from("abcdefghijkl"), who=which)
    def a_callback_that_cannot_be_read(self, pick: int, back: int | None, why: str, who: int) -> None:
        """In any state, about the newest attempt, one before it, one that never was, or nobody knows which."""
        known = self._pick(pick)
        self._comes_unread(known, why, None if back is None else max(1, known.attempt - back), who)

    def _comes_unread(self, known: ModelJob, why: str, attempt: int | None, who: int) -> None:
        if known.state != "COMPLETED":
            self.finals.pop(known.id, None)
        written = known.come_unread(self.place.clock.now(), why, attempt)
        self._signal(known, CallbackUnreadable(why, attempt), written, who)

    @rule(
        pick=which,
        flow=st.sampled_from(sorted(RULES)),
        faster=st.booleans(),
        renewed=st.none() | waits,
        stale=st.booleans(),
        who=which,
    )
    def a_processor_is_asked_because_of_one(
        self, pick: int, flow: str, faster: bool, renewed: int | None, stale: bool, who: int
    ) -> None:
        """It came before or after the acceptance, perhaps twice; the reaper looks, and whoever asked learnt nothing."""
        known = self._one_in_flight(pick, flow, who)
        if known is None:
            return
        if faster:
            self._comes_unread(known, "early", None, who)
        self._report(known, "accept", 30_000, "", known.attempt, known.token, who)
        self._comes_unread(known, "late", known.attempt, who)
        if renewed is not None:
            self._report(known, "accept", renewed, "", known.attempt, known.token, who)
            self._comes_unread(known, "again", None, who)
        self.reap(who)
        token = "somebody else's" if stale else known.token
        if token is not None:
            self._ask(known, None, False, token, who, between="meanwhile" if faster else None)

    def _one_in_flight(self, pick: int, flow: str, who: int) -> ModelJob | None:
        if not self._in_flight():
            self._submit(flow, 0, 1, 3, None, who)
            self.claim(flow, 3, who)
        known = self._in_flight()
        return known[pick % len(known)] if known else None
