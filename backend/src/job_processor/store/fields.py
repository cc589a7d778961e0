"""The one table of a job's fields as a store keeps them. It is derived from ``core.job.Job``.

A field that is added to ``Job`` (with a default) is kept in the record from then on, by every driver, in backups and
copies, without another line here. Only a field that queries look at is named here: it gets a column of its own,
in SQLite with a new version of the schema. A name once used keeps its meaning, so that old data stay readable.

On disk the lease is four fields: ``lease_token``, ``lease_owner``, ``lease_until`` and ``ask_at``.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from msgspec import NODEFAULT, structs

from job_processor.core.job import Job, Json, Lease, State

CREATED = ("id", "flow", "priority", "created_at", "batch_id")
"""Columns that are written with a new job and never change."""

MOVED = ("state", "rev", "run_at", "attempt", "updated_at", "lease_token", "lease_until", "finished_at", "cost_micros")
"""Columns that a move may change."""

SEARCHED = ("ready", "execution_id", "due_at", "heard_at", "deadline", "waiting_of", "key_hash", "via")
"""Columns that exist for queries alone: computed from the job at every move, and never read back."""

TEXTS = ("prompt", "result")
"""Stored apart from the other columns, because they may be long."""

LONG = frozenset({"attempts", "history", "result_schema", "bulk_actions"})
"""Fields of the record that lists leave out, because they grow with what happens to a job."""

COLUMNS = CREATED + MOVED
"""The columns that a job is read from, in the order in which ``job_maker`` takes them."""

OPTIONAL = frozenset({"batch_id", "lease_token", "lease_until", "finished_at", "cost_micros"})
"""Columns that may be empty."""

_JSON = {Mapping[str, Json]: dict[str, Any], Mapping[str, Json] | None: dict[str, Any] | None}
_LEASE: dict[str, object] = {
    "lease_token": str | None,
    "lease_until": int | None,
    "lease_owner": str | None,
    "ask_at": int | None,
}
_FLAT = (*Job.__struct_fields__, *_LEASE)
"""Where ``flat`` puts each field."""


def _types() -> dict[str, object]:
    """Every stored field and its type, in the order of ``Job``; the four fields of the lease take its place."""
    types: dict[str, object] = {}
    for name in Job.__struct_fields__:
        types |= _LEASE if name == "lease" else {name: _JSON.get(Job.__annotations__[name], Job.__annotations__[name])}
    return types


TYPES = _types()
_OF_JOB = {one.name: one.default for one in structs.fields(Job) if one.default is not NODEFAULT}
DEFAULTS: dict[str, object] = {
    **{name: {} if isinstance(value, Mapping) else value for name, value in _OF_JOB.items()},
    **dict.fromkeys(_LEASE),
}
RECORD = tuple(name for name in TYPES if name not in (*COLUMNS, *TEXTS))
"""What is in a job's record: one document or blob that no query looks into."""

ROW = tuple(name for name in RECORD if name not in LONG)
"""What a list reads of the record."""

FREE_JSON = tuple(name for name, declared in Job.__annotations__.items() if declared in _JSON)
"""Fields of the record that hold a client's JSON, with any names in it."""


def declared(names: Sequence[str], **other: object) -> list[tuple[str, Any] | tuple[str, Any, Any]]:
    """These fields as ``msgspec.defstruct`` takes them; ``other``: the type of one that differs from the job's."""
    types = TYPES | other
    return [(name, types[name], DEFAULTS[name]) if name in DEFAULTS else (name, types[name]) for name in names]


def flat(job: Job) -> tuple[Any, ...]:
    """The job's values and its lease's, in the order of ``_FLAT``."""
    lease, values = job.lease, structs.astuple(job)
    if lease is None:
        return (*values, None, None, None, None)
    return (*values, lease.token, lease.until, lease.owner, lease.ask_at)


def picker(names: Sequence[str]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Takes the values of these fields out of what ``flat`` made."""
    return itemgetter(*map(_FLAT.index, names))


_after_state = picker(MOVED[1:])


def moved(job: Job, values: tuple[Any, ...], now: int) -> tuple[Any, ...]:
    """The values of MOVED and SEARCHED. ``values``: ``flat(job)``."""
    lease, attempts = job.lease, job.attempts
    execution_id = attempts[-1].execution_id if lease is not None and attempts else None
    return (
        *(job.state.value, *_after_state(values)),
        *(ready(job, now), execution_id, job.due_at(), job.heard_at(), job.deadline),
        *(job.waiting_of(), job.key_hash(), job.via()),
    )


def ready(job: Job, now: int) -> int | None:
    """1: PENDING and due; 0: PENDING with a future ``run_at``; ``None``: in another state.

    With it, jobs that are not due yet are not in the index that claims read.
    """
    if job.state is not State.PENDING:
        return None
    return 1 if job.run_at <= now else 0


def job_maker(record: Sequence[str]) -> Callable[..., Job]:
    """A function that makes a job from the values of COLUMNS, of TEXTS, and of these fields of its record.

    Fields of the record that are not in ``record`` get their defaults.
    """
    given = (*COLUMNS, *TEXTS, *record)
    state, token, until = map(given.index, ("state", "lease_token", "lease_until"))
    owner, ask_at = map(given.index, ("lease_owner", "ask_at"))
    made = ("state", "lease")
    missing = tuple(name for name in Job.__struct_fields__ if name not in (*given, *made))
    order = [(*made, *given, *missing).index(name) for name in Job.__struct_fields__]
    in_order = itemgetter(*order)
    defaults = tuple(_OF_JOB[name] for name in missing)
    states = {one.value: one for one in State}

    def make(values: tuple[Any, ...]) -> Job:
        lease = None
        if values[token] is not None and values[until] is not None:
            lease = Lease(values[token], values[owner] or "", values[until], values[ask_at])
        return Job(*in_order((states[values[state]], lease, *values, *defaults)))

    return make
