"""The client's own book: what it asked for and what it was told, on disk before and after every request.

It is the judge's only witness: whatever the server says later is held against it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import msgspec

Query: TypeAlias = dict[str, str | list[str]]


class Bulk(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """``kind``: retry, cancel, delete or replay. ``query``: filters of a list; ``limit`` ``None``: all that match."""

    kind: str
    query: Query = {}
    limit: int | None = None


class Entry(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """``sent``: about to ask. ``acked``, ``refused``, ``unknown``: what came of it. ``saw``: a final job as read.

    ``result``: of a report the result it brings, of an accept the text that is taken. ``error``: of a report.
    ``callback``: the kept callback that is accepted. ``said``: the verdict on a callback, or the code of a refusal.
    ``lines``: the prompts of a batch's good lines, in order; ``wrong``: how many of its lines are not. ``bulk``: what a
    bulk action was asked to do. Of a batch or bulk action, ``job`` is its own id.
    """

    what: str
    request: int = 0
    op: str = ""
    job: str | None = None
    prompt: str | None = None
    key: str | None = None
    result: str | None = None
    error: str | None = None
    attempt: int | None = None
    callback: str | None = None
    status: int | None = None
    state: str | None = None
    finished: str | None = None
    said: str | None = None
    lines: tuple[str, ...] = ()
    wrong: int = 0
    bulk: Bulk | None = None


class Ledger:
    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = path
        self._requests = 0
        self._encode = msgspec.json.Encoder().encode

    def sent(
        self,
        op: str,
        *,
        job: str | None = None,
        prompt: str | None = None,
        key: str | None = None,
        result: str | None = None,
        error: str | None = None,
        attempt: int | None = None,
        callback: str | None = None,
        lines: tuple[str, ...] = (),
        wrong: int = 0,
        bulk: Bulk | None = None,
    ) -> int:
        self._requests += 1
        entry = Entry(
            what="sent",
            request=self._requests,
            op=op,
            job=job,
            prompt=prompt,
            key=key,
            result=result,
            error=error,
            attempt=attempt,
            callback=callback,
            lines=lines,
            wrong=wrong,
            bulk=bulk,
        )
        self._write(entry, sync=True)
        return self._requests

    def answered(
        self, request: int, what: str, *, status: int | None = None, job: str | None = None, said: str | None = None
    ) -> None:
        self._write(Entry(what=what, request=request, status=status, job=job, said=said), sync=True)

    def saw(self, job: str, state: str, result: str | None, finished: str | None) -> None:
        self._write(Entry(what="saw", job=job, state=state, result=result, finished=finished), sync=False)

    def entries(self) -> Iterator[Entry]:
        decode = msgspec.json.Decoder(Entry).decode
        with self._path.open("rb") as lines:
            for line in lines:
                yield decode(line)

    def close(self) -> None:
        os.close(self._fd)

    def _write(self, entry: Entry, *, sync: bool) -> None:
        os.write(self._fd, self._encode(entry) + b"\n")
        if sync:
            os.fsync(self._fd)
