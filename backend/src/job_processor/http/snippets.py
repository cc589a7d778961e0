"""For each row of a search by words: where they stand in the job's texts."""

from collections.abc import Sequence

from job_processor.core.snippets import Wanted, snippet, wanted
from job_processor.http.models.finding import PieceOut, SnippetOut
from job_processor.store.base import Query, Summary
from job_processor.store.facets import other_texts

LOOKED_AT = 16_384
"""Characters of prompt and result in which words are shown. A list with snippets reads so much of each."""


def wanted_of(query: Query) -> Sequence[Wanted]:
    return [wanted(phrase.text, phrase.starts) for phrase in query.phrases]


def snippets_of(one: Summary, phrases: Sequence[Wanted]) -> list[SnippetOut]:
    job = one.job
    error, metadata = other_texts(job)
    texts = (("prompt", job.prompt), ("result", job.result or ""), ("error", error), ("metadata", metadata))
    found = ((field, snippet(text, phrases)) for field, text in texts)
    return [
        SnippetOut(field=field, pieces=[PieceOut(text=piece.text, found=piece.found) for piece in pieces])
        for field, pieces in found
        if pieces
    ]
