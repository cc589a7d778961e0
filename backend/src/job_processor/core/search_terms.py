"""The terms of a search: the list that the parser, its error texts and the OpenAPI document use."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

METADATA = "meta."
"""Prefix of terms that name a field of the metadata: ``meta.customer:acme``."""


class ValueKind(Enum):
    """The type of a term's values."""

    STATE = auto()
    VERDICT = auto()
    TEXT = auto()
    NUMBER = auto()
    TIME = auto()
    ID = auto()
    ID_START = auto()


@dataclass(frozen=True, slots=True)
class TermKind:
    """The definition of a term. ``several``: allows alternative values, separated by commas."""

    name: str
    values: ValueKind
    meaning: str
    example: str
    several: bool = False

    @property
    def is_ordered(self) -> bool:
        """Whether its values can be compared, as in ``attempts:>2``."""
        return self.values in (ValueKind.NUMBER, ValueKind.TIME)


_LIST = (
    TermKind("status", ValueKind.STATE, "jobs in one of these states", "status:failed,cancelled", several=True),
    TermKind("flow", ValueKind.TEXT, "jobs of one of these flows", "flow:chat,mail", several=True),
    TermKind("tag", ValueKind.TEXT, "jobs with this tag; repeat it for jobs with all of them", "tag:eu"),
    TermKind("error", ValueKind.TEXT, "the code of the job's error", "error:callback_overdue"),
    TermKind("verdict", ValueKind.VERDICT, "the verdict on the result", "verdict:malformed"),
    TermKind("attempts", ValueKind.NUMBER, "the number of attempts", "attempts:>2"),
    TermKind("created", ValueKind.TIME, "the age, or the date or time (UTC) of creation", "created:<2h"),
    TermKind("finished", ValueKind.TIME, "how long ago the job ended, or the date or time (UTC)", "finished:<2h"),
    TermKind(METADATA, ValueKind.TEXT, "a field of the metadata, at its top level, and its value", "meta.customer:42"),
    TermKind("key", ValueKind.TEXT, "jobs of this key: a customer or tenant", "key:customer-7"),
    TermKind("id", ValueKind.ID_START, "the job's id, or its beginning", "id:01a2"),
    TermKind("execution", ValueKind.TEXT, "the execution id of any of the job's attempts", "execution:1234"),
    TermKind("batch", ValueKind.ID, "jobs of this batch", "batch:0198a2b3c4d5e6f708192a3b"),
    TermKind("replay-of", ValueKind.ID, "replays of this job", "replay-of:0198a2b3c4d5e6f708192a3b"),
    TermKind("idempotency-key", ValueKind.TEXT, "the job's idempotency key", "idempotency-key:k1"),
)
TERMS: Mapping[str, TermKind] = {term.name: term for term in _LIST}


def kind_of(name: str) -> TermKind | None:
    """The definition of the term with this name, or with the prefix of metadata; ``None``: unknown term."""
    if name.startswith(METADATA):
        return TERMS[METADATA] if len(name) > len(METADATA) else None
    return TERMS.get(name)


def names() -> str:
    """All names, separated by commas, for error texts."""
    return ", ".join(f"{name}FIELD" if name == METADATA else name for name in TERMS)
