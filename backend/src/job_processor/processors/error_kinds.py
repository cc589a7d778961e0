"""What the words and codes of an error are about, vendor by vendor. Pure.

A code decides before words do; words are looked at only where a status leaves the question open (answers.py).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from job_processor.processors import refusal_words as words_of
from job_processor.processors.error_body import Said

Sent = Mapping[str, str]
"""What a request sends beside the job's own text: each name in it, and the flow's option behind it."""
NOTHING_SENT: Final[Sent] = MappingProxyType({})


def status_of_names(said: Said) -> int | None:
    """The status that the error's codes and types stand for."""
    sure = [
        status for name, status in words_of.STATUS_OF_NAMES.items() if name in said.names and name not in words_of.VAGUE
    ]
    if sure:
        # Of several the most specific: "rate limited" and "internal" together are a limit.
        return min(sure, key=lambda status: (status >= 500, status == 400))
    vague = [status for name, status in words_of.STATUS_OF_NAMES.items() if name in said.names]
    return max(vague, default=None)


def is_filtered(said: Said, *, words: bool) -> bool:
    """Did a content filter refuse the prompt, or the answer? ``words``: is it likely enough to look at words?"""
    return bool(said.names & words_of.FILTERED) or (words and words_of.FILTERED_WORDS.search(said.text) is not None)


def is_too_long(said: Said, sent: Sent) -> bool:
    """Is the prompt too long for the model? A limit of ours that is too large for it is another matter."""
    if said.names & words_of.TOO_LONG or "input_tokens" in said.params:
        return True
    if words_of.TOO_LONG_WORDS.search(said.text) is None:
        return False
    return _option_too_large(said, sent) is None


def is_too_large_for_the_limit(said: Said) -> bool:
    """Does a limit say that this one request is more than it ever allows?"""
    if words_of.LIMIT_OF_ONE_WORDS.search(said.text) or said.names & words_of.TOO_LONG:
        return True
    found = words_of.LIMIT_AND_REQUESTED.search(said.text)
    return found is not None and int(found[2].replace(",", "")) > int(found[1].replace(",", ""))


def is_out_of_credit(said: Said, *, words: bool, timed: bool) -> bool:
    """Is there no credit left? ``timed``: the error gives a time to wait, and so is about a limit (Google says
    "check your plan and billing" of both)."""
    if said.names & words_of.NO_CREDIT or (words and words_of.NO_CREDIT_WORDS.search(said.text) is not None):
        return True
    google = "resource_exhausted" in said.names or "ai.google.dev" in said.text or "RESOURCE_EXHAUSTED" in said.text
    return words and not timed and not google and words_of.QUOTA_WORDS.search(said.text) is not None


def has_bad_key(said: Said) -> bool:
    return bool(said.names & words_of.BAD_KEY) or words_of.BAD_KEY_WORDS.search(said.text) is not None


def is_wrong_place(said: Said, sent: Sent) -> bool:
    """Is the address, or the account that is asked for a model, not to be used, whatever is asked?"""
    if words_of.WRONG_ADDRESS_WORDS.search(said.text) is not None:
        return True
    # An endpoint that is no model's may speak of the customer that the job is about.
    return bool(sent) and (bool(said.names & words_of.BARRED) or words_of.BARRED_WORDS.search(said.text) is not None)


def is_bad_answer(said: Said) -> bool:
    """Did the server throw away what the model wrote, because it was not what was asked for?"""
    return bool(said.names & words_of.BAD_ANSWER)


def is_broken(said: Said) -> bool:
    """Is it the server that failed, whatever its status says?"""
    return words_of.BROKEN_WORDS.search(said.text) is not None


def is_limit(said: Said) -> bool:
    """Is it a limit of requests, whatever its status says? (Google and Azure tell of some with 403.)"""
    return bool(said.names & words_of.LIMIT) or words_of.LIMIT_WORDS.search(said.text) is not None


def is_overloaded(said: Said) -> bool:
    return bool(said.names & words_of.OVERLOADED) or words_of.OVERLOADED_WORDS.search(said.text) is not None


def is_starting(said: Said) -> bool:
    return words_of.STARTING_WORDS.search(said.text) is not None or bool(said.names & words_of.STARTING)


def option_at_fault(said: Said, sent: Sent) -> str | None:
    """The option of the flow that the error is about: named as its parameter, or by its words."""
    if not sent:
        return None
    if words_of.SCHEMA_OF_THE_JOB.search(said.text):
        return None
    too_large = _option_too_large(said, sent)
    if too_large is not None:
        return too_large
    for param in said.params:
        found = _of_param(param, sent)
        if found is not None:
            return found
    if "system" in sent and words_of.NO_SYSTEM_WORDS.search(said.text):
        return sent["system"]
    if "model" in sent and (said.names & words_of.NO_MODEL or words_of.NO_MODEL_WORDS.search(said.text)):
        return sent["model"]
    if words_of.NO_THINKING_WORDS.search(said.text):
        thinking = _named("reasoning_effort", sent)
        if thinking is not None:
            return thinking
    if any(_is_of_the_job(param) for param in said.params) or words_of.COMPLAINT_WORDS.search(said.text) is None:
        return None
    return _of_words(said.text, sent)


def _option_too_large(said: Said, sent: Sent) -> str | None:
    if words_of.LIMIT_TOO_LARGE.search(said.text) is None:
        return None
    return _named("max_tokens", sent) or _named("max_completion_tokens", sent)


def _of_param(param: str, sent: Sent) -> str | None:
    steps = [step for step in re.split(r"[^A-Za-z0-9_-]+", param) if step and step not in ("body", "generation_config")]
    if not steps or steps[0] in ("messages", "prompt", "input"):
        return None
    if len(steps) > 1 and "schema" in steps[1:]:
        # The schema is the job's own.
        return None
    for step in (steps[0], steps[-1]):
        found = _named(step, sent)
        if found is not None:
            return found
    return None


def _is_of_the_job(param: str) -> bool:
    return re.match(r"(?:#?/|body[./])?(?:messages|prompt|input|contents?)\b", param) is not None


def _named(name: str, sent: Sent) -> str | None:
    name = name.lower()
    if name in sent:
        return sent[name]
    alias = words_of.ALIASES.get(name, name)
    if alias == "max_tokens" and alias not in sent:
        alias = "max_completion_tokens"
    return sent.get(alias)


def _of_words(text: str, sent: Sent) -> str | None:
    lowered = text.lower()
    names = {*sent, *(alias for alias, name in words_of.ALIASES.items() if name in sent or name == "max_tokens")}
    # As others spell them: topK.
    joined = {name.replace("_", ""): name for name in names if "_" in name}
    places: list[tuple[int, str]] = []
    for name in {*names, *joined} - {"system", "messages"}:
        pattern = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
        if "_" not in name and name not in words_of.DISTINCT and name not in joined:
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
