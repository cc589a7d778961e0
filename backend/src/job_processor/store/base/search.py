"""Translates a search (``core.search``) into a query of the store. The meaning of each term is defined here alone."""

from dataclasses import replace

from job_processor.core.job import State
from job_processor.core.search import Search, Term, Words
from job_processor.core.search_terms import METADATA
from job_processor.core.search_values import age, moment
from job_processor.store.base.query import Facet, FacetKind, Phrase, Query

_FACETS = {
    "error": FacetKind.ERROR,
    "verdict": FacetKind.VERDICT,
    "execution": FacetKind.EXECUTION,
    "replay-of": FacetKind.REPLAY_OF,
    "key": FacetKind.KEY,
}
_NOTHING: frozenset[str] = frozenset()


def with_search(query: Query, search: Search, now: int, owner: str = "") -> Query:
    """The query, with the conditions of the search added.

    ``now``: milliseconds, for ages. ``owner``: whose idempotency keys are meant (``Principal.owner``).
    """
    for part in search:
        if isinstance(part, Words):
            # The last word may still be being typed.
            query = _with_words(query, part, starts=part is search[-1] and not part.exact)
        else:
            query = _with_term(query, part, now, owner)
    return query


def _with_words(query: Query, words: Words, starts: bool) -> Query:
    if words.negated:
        return replace(query, without_phrases=(*query.without_phrases, Phrase(words.text)))
    return replace(query, phrases=(*query.phrases, Phrase(words.text, starts)))


def _with_term(query: Query, term: Term, now: int, owner: str) -> Query:
    value = term.values[0]
    match term.name:
        case "status":
            return _with_states(query, term)
        case "flow" if term.negated:
            return replace(query, without_flows=query.without_flows | set(term.values))
        case "flow":
            flows = frozenset(term.values)
            return replace(query, flows=flows if query.flows is None else query.flows & flows)
        case "tag" if term.negated:
            return replace(query, without_tags=query.without_tags | {value})
        case "tag":
            return replace(query, tags=query.tags | {value})
        case "batch" if term.negated:
            return replace(query, without_batches=query.without_batches | {value})
        case "batch":
            return replace(query, batch=value) if query.batch in (None, value) else replace(query, ids=_NOTHING)
        case "id" if term.negated:
            return replace(query, without_id_starts=query.without_id_starts | {value})
        case "id":
            return replace(query, id_starts=query.id_starts | {value})
        case "attempts":
            return _with_attempts(query, term)
        case "created":
            after, before = _bounds(term, now)
            return replace(
                query,
                created_after=_most(query.created_after, after),
                created_before=_least(query.created_before, before),
            )
        case "finished":
            after, before = _bounds(term, now)
            return replace(
                query,
                finished_after=_most(query.finished_after, after),
                finished_before=_least(query.finished_before, before),
            )
        case "idempotency-key":
            return _with_key(query, f"{owner} {value}" if owner else value)
        case _:
            return _with_facet(query, term)


def _with_states(query: Query, term: Term) -> Query:
    states = frozenset(State(value.upper()) for value in term.values)
    if term.negated:
        states = frozenset(State) - states
    left = query.states & states if query.states else states
    return replace(query, states=left) if left else replace(query, ids=_NOTHING)


def _with_facet(query: Query, term: Term) -> Query:
    if term.name.startswith(METADATA):
        facet = Facet(FacetKind.METADATA, f"{term.name.removeprefix(METADATA)}={term.values[0]}")
    else:
        facet = Facet(_FACETS[term.name], term.values[0])
    if term.negated:
        return replace(query, without_facets=query.without_facets | {facet})
    return replace(query, facets=query.facets | {facet})


def _with_attempts(query: Query, term: Term) -> Query:
    number, (low, high) = int(term.values[0]), query.attempts
    match term.operator:
        case "<":
            return replace(query, attempts=(low, _least(high, number - 1)))
        case "<=":
            return replace(query, attempts=(low, _least(high, number)))
        case ">":
            return replace(query, attempts=(_most(low, number + 1), high))
        case ">=":
            return replace(query, attempts=(_most(low, number), high))
        case _:
            return replace(query, attempts=(_most(low, number), _least(high, number)))


def _bounds(term: Term, now: int) -> tuple[int | None, int | None]:
    """From, inclusive, and to, exclusive. An age is compared as such: ``<2h`` is younger. A date is the whole day."""
    value = term.values[0]
    milliseconds = age(value)
    if milliseconds is None:
        begin, end = moment(value)
        operator = term.operator
    else:
        begin = end = max(0, now - milliseconds)
        # Younger is later. An age alone means within.
        operator = {"<": ">=", "<=": ">=", ">": "<", ">=": "<", "": ">="}[term.operator]
    bounds: dict[str, tuple[int | None, int | None]] = {
        "<": (None, begin),
        "<=": (None, end),
        ">": (end, None),
        ">=": (begin, None),
        "": (begin, end),
    }
    return bounds[operator]


def _with_key(query: Query, key: str) -> Query:
    if query.idempotency_key not in (None, key):
        return replace(query, ids=_NOTHING)
    return replace(query, idempotency_key=key)


def _most(one: int | None, other: int | None) -> int | None:
    return max((each for each in (one, other) if each is not None), default=None)


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
