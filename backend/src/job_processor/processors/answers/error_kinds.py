"""Classifies errors by their codes and messages, for many vendors. Pure.

Codes take precedence over messages. ``meaning`` decides by the status whether messages are considered.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from job_processor.outgoing.error_details import ErrorDetails
from job_processor.processors.answers import vendor_phrases as phrases

SentOptions = Mapping[str, str]
"""The parameters of a request that come from the flow's options: parameter name to option name."""
NOTHING_SENT: Final[SentOptions] = MappingProxyType({})


def status_of_names(details: ErrorDetails) -> int | None:
    """The HTTP status that the error's codes and types correspond to."""
    sure = [
        status
        for name, status in phrases.STATUS_OF_NAMES.items()
        if name in details.names and name not in phrases.VAGUE
    ]
    if sure:
        # The most specific one: "rate limited" and "internal" together are a rate limit.
        return min(sure, key=lambda status: (status >= 500, status == 400))
    vague = [status for name, status in phrases.STATUS_OF_NAMES.items() if name in details.names]
    return max(vague, default=None)


def is_filtered(details: ErrorDetails, *, words: bool) -> bool:
    """True if a content filter rejected the prompt or the answer. ``words``: consider messages, not only codes."""
    return bool(details.names & phrases.FILTERED) or (words and phrases.FILTERED_WORDS.search(details.text) is not None)


def is_too_long(details: ErrorDetails, sent: SentOptions) -> bool:
    """True if the prompt is too long for the model; false if only the flow's ``max_tokens`` is too large."""
    if details.names & phrases.TOO_LONG or "input_tokens" in details.params:
        return True
    if phrases.TOO_LONG_WORDS.search(details.text) is None:
        return False
    return _option_too_large(details, sent) is None


def is_too_large_for_the_limit(details: ErrorDetails) -> bool:
    """True if this single request exceeds a rate limit, so that waiting does not help."""
    if phrases.LIMIT_OF_ONE_WORDS.search(details.text) or details.names & phrases.TOO_LONG:
        return True
    found = phrases.LIMIT_AND_REQUESTED.search(details.text)
    return found is not None and int(found[2].replace(",", "")) > int(found[1].replace(",", ""))


def is_out_of_credit(details: ErrorDetails, *, words: bool, timed: bool) -> bool:
    """True if the account has no credit left.

    ``words``: consider messages. ``timed``: the error names a retry delay and so is a rate limit (some vendors say
    "check your plan and billing" in both cases).
    """
    if details.names & phrases.NO_CREDIT or (words and phrases.NO_CREDIT_WORDS.search(details.text) is not None):
        return True
    google = (
        "resource_exhausted" in details.names or "ai.google.dev" in details.text or "RESOURCE_EXHAUSTED" in details.text
    )
    return words and not timed and not google and phrases.QUOTA_WORDS.search(details.text) is not None


def has_bad_key(details: ErrorDetails) -> bool:
    return bool(details.names & phrases.BAD_KEY) or phrases.BAD_KEY_WORDS.search(details.text) is not None


def is_wrong_place(details: ErrorDetails, sent: SentOptions) -> bool:
    """True if the URL or the account cannot be used for any request."""
    if phrases.WRONG_ADDRESS_WORDS.search(details.text) is not None:
        return True
    # Only for model servers: another endpoint may mean a customer's account that the job is about.
    return bool(sent) and (
        bool(details.names & phrases.BARRED) or phrases.BARRED_WORDS.search(details.text) is not None
    )


def is_bad_answer(details: ErrorDetails) -> bool:
    """True if the server discarded the model's answer because it had the wrong format."""
    return bool(details.names & phrases.BAD_ANSWER)


def is_broken(details: ErrorDetails) -> bool:
    """True if the server itself failed, despite a 4xx status."""
    return phrases.BROKEN_WORDS.search(details.text) is not None


def is_limit(details: ErrorDetails) -> bool:
    """True if it is a rate limit, whatever the status (Google and Azure use 403 for some)."""
    return bool(details.names & phrases.LIMIT) or phrases.LIMIT_WORDS.search(details.text) is not None


def is_overloaded(details: ErrorDetails) -> bool:
    return bool(details.names & phrases.OVERLOADED) or phrases.OVERLOADED_WORDS.search(details.text) is not None


def is_starting(details: ErrorDetails) -> bool:
    return phrases.STARTING_WORDS.search(details.text) is not None or bool(details.names & phrases.STARTING)


def option_at_fault(details: ErrorDetails, sent: SentOptions) -> str | None:
    """The flow's option that the error rejects, by its parameter or its message; ``None`` if there is none."""
    if not sent:
        return None
    if phrases.SCHEMA_OF_THE_JOB.search(details.text):
        return None
    too_large = _option_too_large(details, sent)
    if too_large is not None:
        return too_large
    for param in details.params:
        found = _of_param(param, sent)
        if found is not None:
            return found
    if "system" in sent and phrases.NO_SYSTEM_WORDS.search(details.text):
        return sent["system"]
    if "model" in sent and (details.names & phrases.NO_MODEL or phrases.NO_MODEL_WORDS.search(details.text)):
        return sent["model"]
    if phrases.NO_THINKING_WORDS.search(details.text):
        thinking = _named("reasoning_effort", sent)
        if thinking is not None:
            return thinking
    if any(_is_of_the_job(param) for param in details.params) or phrases.COMPLAINT_WORDS.search(details.text) is None:
        return None
    return _of_words(details.text, sent)


def _option_too_large(details: ErrorDetails, sent: SentOptions) -> str | None:
    if phrases.LIMIT_TOO_LARGE.search(details.text) is None:
        return None
    return _named("max_tokens", sent) or _named("max_completion_tokens", sent)


def _of_param(param: str, sent: SentOptions) -> str | None:
    steps = [step for step in re.split(r"[^A-Za-z0-9_-]+", param) if step and step not in ("body", "generation_config")]
    if not steps or steps[0] in ("messages", "prompt", "input"):
        return None
    if len(steps) > 1 and "schema" in steps[1:]:
        # The schema comes from the job, not from the flow.
        return None
    for step in (steps[0], steps[-1]):
        found = _named(step, sent)
        if found is not None:
            return found
    return None


def _is_of_the_job(param: str) -> bool:
    return re.match(r"(?:#?/|body[./])?(?:messages|prompt|input|contents?)\b", param) is not None


def _named(name: str, sent: SentOptions) -> str | None:
    name = name.lower()
    if name in sent:
        return sent[name]
    alias = phrases.ALIASES.get(name, name)
    if alias == "max_tokens" and alias not in sent:
        alias = "max_completion_tokens"
    return sent.get(alias)


def _of_words(text: str, sent: SentOptions) -> str | None:
    lowered = text.lower()
    names = {*sent, *(alias for alias, name in phrases.ALIASES.items() if name in sent or name == "max_tokens")}
    # Other spellings, such as topK.
    joined = {name.replace("_", ""): name for name in names if "_" in name}
    places: list[tuple[int, str]] = []
    for name in {*names, *joined} - {"system", "messages"}:
        pattern = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
        if "_" not in name and name not in phrases.DISTINCT and name not in joined:
            quoted = (
                rf"['\"`\[]{re.escape(name)}['\"`\]]"
                rf"|(?:parameter|param|field|option|argument)s?:? {re.escape(name)}\b"
                rf"|(?:parameter|param|field|option|argument)s? (?:is |are )?not [^:.]{{1,40}}: {re.escape(name)}\b"
            )
            pattern = rf"{quoted}|(?<![\w-]){re.escape(name)}: (?:input|extra|unexpected|field|value)"
        found = re.search(pattern, lowered)
        if found is not None:
            places.append((found.start(), name))
    for _, name in sorted(places):
        option = _named(joined.get(name, name), sent)
        if option is not None:
            return option
    return None
