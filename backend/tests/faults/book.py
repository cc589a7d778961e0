"""The ledger, read back from its file and sorted by what it can prove; and the verdict that is written down."""

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.ledger import Entry, Ledger


@dataclass(slots=True)
class Book:
    """``submits``, ``batches``, ``bulks`` and ``asked``: by the number of the request, as ``answers`` are.

    ``sent_at`` and ``told_at``: the line of the ledger; what stands earlier happened earlier.
    """

    submits: dict[int, Entry] = field(default_factory=dict)
    batches: dict[int, Entry] = field(default_factory=dict)
    bulks: dict[int, Entry] = field(default_factory=dict)
    answers: dict[int, Entry] = field(default_factory=dict)
    asked: dict[int, Entry] = field(default_factory=dict)
    seen: list[Entry] = field(default_factory=list)
    sent_at: dict[int, int] = field(default_factory=dict)
    told_at: dict[int, int] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)
    """Of each job whose id the client was told, what was asked for."""
    may_be_gone: set[str] = field(default_factory=set)
    """Jobs whose deletion was asked for, and not refused. ``many_rules`` adds those of bulk actions."""
    deleted_at: dict[str, int] = field(default_factory=dict)
    """Jobs whose deletion was acknowledged, and the line that says so first."""

    @classmethod
    def read(cls, ledger: Ledger) -> "Book":
        book = cls()
        for line, entry in enumerate(ledger.entries()):
            if entry.what == "saw":
                book.seen.append(entry)
            elif entry.what == "sent":
                book.asked[entry.request] = entry
                book.sent_at[entry.request] = line
                kinds = {"submit": book.submits, "batch": book.batches, "bulk": book.bulks}
                if entry.op in kinds:
                    kinds[entry.op][entry.request] = entry
            else:
                book.answers[entry.request] = entry
                book.told_at[entry.request] = line
                book._learn(entry, line)
        for number, entry in book.asked.items():
            if entry.op == "delete" and entry.job is not None and book.outcome(number) != "refused":
                book.may_be_gone.add(entry.job)
        return book

    def _learn(self, answer: Entry, line: int) -> None:
        if answer.what != "acked":
            return
        asked = self.asked[answer.request]
        if asked.op == "delete" and asked.job is not None:
            self.deleted_at.setdefault(asked.job, line)
        elif asked.op == "submit" and answer.job is not None and asked.prompt is not None:
            self.prompts.setdefault(answer.job, asked.prompt)
        elif asked.op == "replay" and answer.job is not None and asked.job in self.prompts:
            self.prompts.setdefault(answer.job, self.prompts[asked.job])

    def outcome(self, request: int) -> str:
        """``unknown`` too when the client itself was cut off before it could write an answer down."""
        answer = self.answers.get(request)
        return "unknown" if answer is None else answer.what

    def acked(self, op: str) -> list[tuple[Entry, Entry]]:
        return [
            (asked, self.answers[number])
            for number, asked in self.asked.items()
            if asked.op == op and self.outcome(number) == "acked"
        ]

    def counts(self, op: str, *, acked: bool) -> Counter[str]:
        """How often this was asked of each job: what was acknowledged, or all that was not refused."""
        taken = {"acked"} if acked else {"acked", "unknown"}
        return Counter(
            asked.job
            for number, asked in self.asked.items()
            if asked.op == op and asked.job is not None and self.outcome(number) in taken
        )


@dataclass(slots=True)
class Verdict:
    """``broken``: one line for each violation, none if all holds. ``figures``: what was looked at."""

    broken: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def holds(self, truth: bool, invariant: str, what: str) -> None:
        self.figures[f"checks {invariant}"] += 1
        if not truth:
            self.broken.append(f"{invariant}: {what}")
