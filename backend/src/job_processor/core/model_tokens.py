"""The tokens of models that flows share (``tokens_per_minute`` of a shared limit).

What an attempt takes is known when it has ended. Until then it counts as estimated: its prompt by its length, and what
the flow's attempts took beyond that lately (the answer, the system prompt, what the guess by length is wrong by). The
reported number then corrects the estimate. An attempt without a report stays as estimated.

As every bucket it holds one second's worth (``core.token_bucket``). An attempt may start while something is left,
however much it takes: what it takes too much, the next ones wait for.
"""

from dataclasses import dataclass, replace

from job_processor.core.job import Usage
from job_processor.core.token_bucket import refilled

BYTES_OF_A_TOKEN = 4
"""Of a prompt in UTF-8: near the truth for English, and for most other scripts."""
FIRST_ANSWER = 1_000
"""Tokens that an answer counts as while none was reported, and the flow does not limit its answers."""
_WEIGHT = 0.2
"""Of the newest attempt in the recent average: about the last ten matter."""


@dataclass(frozen=True, slots=True)
class ModelTokens:
    """What is kept of them. ``left``: at ``at`` (ms), below 0 if more was taken than there was; ``beyond``: by flow,
    the recent average of what an attempt took beyond its prompt as guessed by length; ``short``: a flow was refused
    because nothing was left, and the first in line is the next one."""

    left: float = 0.0
    at: int = 0
    beyond: tuple[tuple[str, float], ...] = ()
    short: bool = False


UNUSED = ModelTokens()


def refill(tokens: ModelTokens, per_minute: float, now: int) -> ModelTokens:
    """The tokens at ``now``."""
    left = refilled(tokens.left, tokens.at, per_minute, now)
    return replace(tokens, left=left, at=now, short=tokens.short or left <= 0)


def may_start(tokens: ModelTokens, ahead: bool) -> bool:
    """May an attempt start? ``tokens``: refilled; ``ahead``: flows stand in line before its own."""
    return tokens.left > 0 and not (ahead and tokens.short)


def starts_at(tokens: ModelTokens, per_minute: float, now: int) -> int | None:
    """When something is left (ms since 1970); ``None``: now."""
    left = refill(tokens, per_minute, now).left
    return None if left > 0 else now + int(-left * 60_000 / per_minute) + 1


def estimate(tokens: ModelTokens, flow: str, prompt: str, longest_answer: int | None) -> int:
    """What an attempt with this prompt will take. ``longest_answer``: in tokens; ``None``: the flow sets no limit."""
    first = FIRST_ANSWER if longest_answer is None else longest_answer
    return max(1, round(guess(prompt) + dict(tokens.beyond).get(flow, first)))


def charge(tokens: ModelTokens, estimated: int) -> ModelTokens:
    return replace(tokens, left=tokens.left - estimated, short=False)


def taken(usage: Usage | None) -> int | None:
    """The tokens that the processor reported; ``None``: it reported none."""
    if usage is None or (usage.prompt_tokens is None and usage.completion_tokens is None):
        return None
    return (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)


def correct(tokens: ModelTokens, flow: str, guessed: float, estimated: int, took: int) -> ModelTokens:
    """An attempt that was charged ``estimated`` tokens has taken ``took``. ``guessed``: its prompt (``guess``)."""
    beyond = dict(tokens.beyond)
    newest = took - guessed
    before = beyond.get(flow, newest)
    beyond[flow] = before + _WEIGHT * (newest - before)
    return replace(tokens, left=tokens.left + estimated - took, beyond=tuple(beyond.items()))


def guess(prompt: str) -> float:
    """The tokens of a prompt, by its length."""
    return len(prompt.encode(errors="replace")) / BYTES_OF_A_TOKEN
