"""Secrets that another side says back to us: taken out of its words before they are kept. Pure.

A debug page, a proxy or a workflow may put a whole request into its error, with what it was signed with. Results, and
the text that was paid for before an answer broke off, are never touched: they are kept as they came.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote, quote_plus, urlsplit

from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import (
    Accepted,
    Deferred,
    Failed,
    HandOver,
    LaneClosed,
    LaneFault,
    LaneSign,
    Outcome,
    Succeeded,
)

MASK = "***"
MIN_CHARACTERS = 6
"""Of a secret: a shorter one is found in ordinary words."""
_HEAD = 8
"""Characters of a secret that was cut which tell it from ordinary words."""
_MUCH = 12
"""Characters of its beginning that are taken out wherever they stand."""
_CUT = "…"
# Callback tokens of any job (signing.py), and JSON Web Tokens: what a managed identity signs in with.
_TOKENS = re.compile(
    r"v1\.[0-9a-f]{24}\.[0-9]{1,9}\.[0-9]{1,15}\.[A-Za-z0-9_-]*|\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}"
)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(?:_PREVIOUS)?$"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,15} +(?=\S)")


class Redactor:
    """Knows the secrets of this process, in the forms in which they are said back."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= MIN_CHARACTERS}
        self._by_head: dict[str, list[str]] = {}
        for form in sorted(forms, key=len, reverse=True):
            self._by_head.setdefault(form[:_HEAD], []).append(form)
        heads = sorted(self._by_head, key=len, reverse=True)
        self._head = re.compile("|".join(re.escape(head) for head in heads)) if heads else None

    def text(self, words: str) -> str:
        """The words with ``***`` for each secret in them, also for one that was cut off."""
        words = _TOKENS.sub(MASK, words)
        if self._head is None:
            return words
        kept: list[str] = []
        at = 0
        while (found := self._head.search(words, at)) is not None:
            length = max(_matched(words, found.start(), form) for form in self._by_head[found[0]])
            kept.append(words[at : found.start()])
            kept.append(MASK if length else words[found.start()])
            at = found.start() + (length or 1)
        return "".join(kept) + words[at:]

    def maybe(self, words: str | None) -> str | None:
        return None if words is None else self.text(words)

    def hand_over(self, said: "Outcome | HandOver") -> "Outcome | HandOver":
        if not isinstance(said, HandOver):
            return self.outcome(said)
        against = None if said.against_job is None else self._failed(said.against_job)
        return replace(said, job=self.outcome(said.job), lane=self._lane(said.lane), against_job=against)

    def outcome(self, said: Outcome) -> Outcome:
        match said:
            case Succeeded():
                return replace(said, usage=self._usage(said.usage), note=self.maybe(said.note))
            case Accepted():
                return replace(said, execution_id=self.maybe(said.execution_id))
            case Failed():
                return self._failed(said)
            case Deferred():
                return replace(said, reason=self.text(said.reason))

    def _failed(self, said: Failed) -> Failed:
        error = JobError(said.error.code, self.text(said.error.message))
        return replace(said, error=error, usage=self._usage(said.usage), note=self.maybe(said.note))

    def _usage(self, usage: Usage | None) -> Usage | None:
        if usage is None:
            return None
        return replace(usage, model=self.maybe(usage.model), finish_reason=self.maybe(usage.finish_reason))

    def _lane(self, sign: LaneSign | None) -> LaneSign | None:
        return replace(sign, detail=self.text(sign.detail)) if isinstance(sign, LaneClosed | LaneFault) else sign


def secrets_in(environment: Mapping[str, str], named: Iterable[str] = ()) -> Iterator[str]:
    """The values of ``named`` variables, of those whose name says that they are secrets, and passwords in addresses."""
    names = {name.removesuffix("_FILE") for name in environment}
    for name in sorted(names | set(named)):
        value = environment.get(name, "")
        if name in named or _SECRET_NAME.search(name):
            yield value
        if "://" in value and "@" in value:
            yield from _password(value)


def _password(address: str) -> Iterator[str]:
    try:
        password = urlsplit(address).password
    except ValueError:
        return
    if password:
        yield password


def _forms(secret: str) -> Iterator[str]:
    for one in _parts(secret.strip()):
        yield one
        yield json.dumps(one)[1:-1]
        yield json.dumps(one, ensure_ascii=False)[1:-1]
        yield quote(one, safe="")
        yield quote_plus(one)
        # What is shown stands on one line.
        yield " ".join(one.split())


def _parts(secret: str) -> Iterator[str]:
    """The secret, and what follows the scheme of an ``Authorization`` header; of Basic also the password in it."""
    yield secret
    scheme = _SCHEME.match(secret)
    if scheme is None:
        return
    rest = secret[scheme.end() :]
    yield rest
    if scheme[0].strip().lower() == "basic":
        try:
            pair = base64.b64decode(rest, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        yield pair
        yield pair.partition(":")[2]


def _matched(words: str, start: int, form: str) -> int:
    """How many characters of the words from there on are this secret; 0 when it only begins alike."""
    length = min(len(form), len(words) - start)
    same = next((n for n in range(length) if words[start + n] != form[n]), length)
    if same == len(form):
        return same
    is_cut = start + same == len(words) or words[start + same] == _CUT
    return same if same >= _HEAD and (is_cut or same >= min(_MUCH, len(form) // 2)) else 0
