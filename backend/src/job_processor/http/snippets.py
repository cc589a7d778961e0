"""Snippets: for each row of a search by words, the places in the job's texts where the words were found."""

from collections.abc import Sequence

from job_processor.core.snippets import NormalizedPhrase, normalized_phrase, snippet
from job_processor.http.models.finding import PieceOut, SnippetOut
from job_processor.store.base import Query, Summary
from job_processor.store.facets import other_texts

LOOKED_AT = 16_384
"""Maximum characters of prompt and result that are searched for snippets, from the beginning of each."""


def phrases_of(query: Query) -> Sequence[NormalizedPhrase]:
    return [normalized_phrase(phrase.text, phrase.starts) for phrase in query.phrases]


def snippets_of(one: Summary, phrases: Sequence[NormalizedPhrase]) -> list[SnippetOut]:
    job = one.job
    error, metadata = other_texts(job)
    texts = (("prompt", job.prompt), ("result", job.result or ""), ("error", error), ("metadata", metadata))
    found = ((field, snippet(text, phrases)) for field, text in texts)
    return [
        SnippetOut(field=field, pieces=[PieceOut(text=piece.text, found=piece.found) for piece in pieces])
        for field, pieces in found
        if pieces
    ]
