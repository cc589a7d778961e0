"""Redaction: masks this process's secrets in texts from processors, before they are stored or logged.

The error text of a debug page, a proxy or a workflow may echo the whole request, including credentials. Results and
partial answers are never changed.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, urlsplit

from msgspec import structs

from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import (
    Accepted,
    Deferred,
    Failed,
    HandOver,
    LaneClosed,
    LaneReport,
    LaneServerError,
    Outcome,
    Succeeded,
)

MASK = "***"
MIN_CHARACTERS = 6
"""Shorter secrets are not masked: they would match ordinary words."""
_CUT_PREFIX = 8
"""Minimum length of a secret's prefix that is masked where the text is truncated (at its end or before ``…``)."""
_ANY_PREFIX = 12
"""Minimum length of a secret's prefix that is masked anywhere (or half the secret, if that is shorter)."""
_CUT = "…"
_PLAIN_IN_PATHS = "!$&'()*,;=:@+"
"""Characters that need no escape in the path of a URL (RFC 3986, section 3.3)."""
# API keys (key_text.py), callback tokens of any job (signing.py), signing secrets (webhook_signature.py), and JSON Web
# Tokens (RFC 7519), as used by a managed identity.
_TOKENS = re.compile(
    r"\bwhsec_[A-Za-z0-9+/]{8,}={0,2}"
    r"|\bjp_[0-9a-z]{10}_[0-9A-Za-z]+|v1\.[0-9a-f]{24}\.[0-9]{1,9}\.[0-9]{1,15}\.[A-Za-z0-9_-]*|\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}"
)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(?:_PREVIOUS)?$"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]{2,15} +(?=\S)")


class Redactor:
    """Masks a set of secrets, in all encodings in which they may be echoed (JSON, URL, one line)."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= MIN_CHARACTERS}
        self._by_prefix: dict[str, list[str]] = {}
        for form in sorted(forms, key=len, reverse=True):
            self._by_prefix.setdefault(form[:_CUT_PREFIX], []).append(form)
        prefixes = sorted(self._by_prefix, key=len, reverse=True)
        self._prefix = re.compile("|".join(re.escape(prefix) for prefix in prefixes)) if prefixes else None

    def text(self, text: str) -> str:
        """The text with each secret replaced by ``***``, including truncated ones."""
        text = _TOKENS.sub(MASK, text)
        if self._prefix is None:
            return text
        parts: list[str] = []
        at = 0
        while (found := self._prefix.search(text, at)) is not None:
            length = max(_matched(text, found.start(), form) for form in self._by_prefix[found[0]])
            parts.append(text[at : found.start()])
            parts.append(MASK if length else text[found.start()])
            at = found.start() + (length or 1)
        return "".join(parts) + text[at:]

    def maybe(self, text: str | None) -> str | None:
        return None if text is None else self.text(text)

    def hand_over(self, result: "Outcome | HandOver") -> "Outcome | HandOver":
        """The result of a hand-over with all its texts redacted, except results and partial answers."""
        if not isinstance(result, HandOver):
            return self.outcome(result)
        against = None if result.against_job is None else self._failed(result.against_job)
        return structs.replace(result, job=self.outcome(result.job), lane=self._lane(result.lane), against_job=against)

    def outcome(self, outcome: Outcome) -> Outcome:
        """The outcome with all its texts redacted, except results and partial answers."""
        match outcome:
            case Succeeded(usage=None, note=None) | Accepted(execution_id=None):
                return outcome
            case Succeeded():
                return structs.replace(outcome, usage=self._usage(outcome.usage), note=self.maybe(outcome.note))
            case Accepted():
                return structs.replace(outcome, execution_id=self.maybe(outcome.execution_id))
            case Failed():
                return self._failed(outcome)
            case Deferred():
                return structs.replace(outcome, reason=self.text(outcome.reason))

    def _failed(self, failed: Failed) -> Failed:
        error = JobError(failed.error.code, self.text(failed.error.message))
        return structs.replace(failed, error=error, usage=self._usage(failed.usage), note=self.maybe(failed.note))

    def _usage(self, usage: Usage | None) -> Usage | None:
        if usage is None:
            return None
        return structs.replace(usage, model=self.maybe(usage.model), finish_reason=self.maybe(usage.finish_reason))

    def _lane(self, sign: LaneReport | None) -> LaneReport | None:
        return (
            structs.replace(sign, detail=self.text(sign.detail))
            if isinstance(sign, LaneClosed | LaneServerError)
            else sign
        )


def secrets_in(environment: Mapping[str, str], named: Iterable[str] = ()) -> Iterator[str]:
    """The secrets in environment variables, unordered and possibly repeated.

    These are the values of the ``named`` variables, of variables whose name marks a secret (``…_TOKEN``,
    ``…_PASSWORD``, …), and passwords in URLs. A name with the suffix ``_FILE`` stands for the variable without it.
    """
    names = {name.removesuffix("_FILE") for name in environment}
    for name in sorted(names | set(named)):
        value = environment.get(name, "")
        if name in named or _SECRET_NAME.search(name):
            yield value
        if "://" in value and "@" in value:
            yield from _password(value)


def _password(url: str) -> Iterator[str]:
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        yield password


def _forms(secret: str) -> Iterator[str]:
    for part in _parts(secret.strip()):
        yield part
        yield json.dumps(part)[1:-1]
        yield json.dumps(part, ensure_ascii=False)[1:-1]
        yield quote(part, safe="")
        yield quote_plus(part)
        yield quote(part, safe=_PLAIN_IN_PATHS)
        # Error texts are joined into one line.
        yield " ".join(part.split())


def _parts(secret: str) -> Iterator[str]:
    """The secret; for an ``Authorization`` value also its credentials, and for Basic (RFC 7617) also the password."""
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


def _matched(text: str, start: int, form: str) -> int:
    """The number of characters to mask at ``start``; 0 if too little of the secret matches."""
    length = min(len(form), len(text) - start)
    same = next((n for n in range(length) if text[start + n] != form[n]), length)
    if same == len(form):
        return same
    is_cut = start + same == len(text) or text[start + same] == _CUT
    return same if same >= _CUT_PREFIX and (is_cut or same >= min(_ANY_PREFIX, len(form) // 2)) else 0
