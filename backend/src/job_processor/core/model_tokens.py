"""The token bucket of language model tokens that flows share (``tokens_per_minute`` of a shared limit).

The usage of an attempt is known only at its end. At its start the bucket is charged with an estimate: the prompt's
tokens by its length, plus the recent average of what the flow's attempts used beyond that (answer, system prompt, error
of the estimate by length). The reported usage corrects the charge; without a report the estimate stays.

As every bucket it holds one second's worth (``core.token_bucket``). An attempt may start while any token is left; if it
uses more than is left, the bucket becomes negative, and the next attempts wait until it is refilled.
"""

from dataclasses import dataclass, replace

from job_processor.core.job import Usage
from job_processor.core.token_bucket import refilled

BYTES_PER_TOKEN = 4
"""Assumed bytes of UTF-8 per token of a prompt: a good estimate for English and most other scripts."""
DEFAULT_ANSWER_TOKENS = 1_000
"""Estimated tokens of an answer before any was reported, if the flow does not limit its answers."""
_WEIGHT = 0.2
"""Weight of the newest attempt in the moving average: about the last ten attempts matter."""


@dataclass(frozen=True, slots=True)
class ModelTokens:
    """The stored state of the bucket. ``left``: tokens at ``at`` (ms since 1970); negative if more were used than were
    left. ``beyond``: by flow, the moving average of tokens that an attempt used beyond the estimate of its prompt.
    ``short``: a flow was refused because no token was left; then only the first in the queue may start."""

    left: float = 0.0
    at: int = 0
    beyond: tuple[tuple[str, float], ...] = ()
    short: bool = False


UNUSED = ModelTokens()


def refill(tokens: ModelTokens, per_minute: float, now: int) -> ModelTokens:
    """The bucket refilled to ``now`` (ms since 1970)."""
    left = refilled(tokens.left, tokens.at, per_minute, now)
    return replace(tokens, left=left, at=now, short=tokens.short or left <= 0)


def may_start(tokens: ModelTokens, ahead: bool) -> bool:
    """Whether an attempt may start. ``tokens``: refilled; ``ahead``: other flows precede its own in the queue."""
    return tokens.left > 0 and not (ahead and tokens.short)


def starts_at(tokens: ModelTokens, per_minute: float, now: int) -> int | None:
    """When a token will be left (ms since 1970); ``None``: now."""
    left = refill(tokens, per_minute, now).left
    return None if left > 0 else now + int(-left * 60_000 / per_minute) + 1


def estimate(tokens: ModelTokens, flow: str, prompt: str, longest_answer: int | None) -> int:
    """The estimated tokens of an attempt with this prompt, at least 1. ``longest_answer``: the flow's maximum length of
    an answer in tokens; ``None``: no maximum."""
    first = DEFAULT_ANSWER_TOKENS if longest_answer is None else longest_answer
    return max(1, round(prompt_estimate(prompt) + dict(tokens.beyond).get(flow, first)))


def charge(tokens: ModelTokens, estimated: int) -> ModelTokens:
    """The bucket after an attempt was started that is ``estimated`` to use so many tokens."""
    return replace(tokens, left=tokens.left - estimated, short=False)


def reported(usage: Usage | None) -> int | None:
    """The number of tokens that the processor reported; ``None``: it reported none."""
    if usage is None or (usage.prompt_tokens is None and usage.completion_tokens is None):
        return None
    return (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)


def correct(tokens: ModelTokens, flow: str, prompt_tokens: float, estimated: int, used: int) -> ModelTokens:
    """The bucket and the flow's average after an attempt that was charged ``estimated`` tokens has ``used`` some.

    ``prompt_tokens``: the ``prompt_estimate`` of its prompt.
    """
    beyond = dict(tokens.beyond)
    newest = used - prompt_tokens
    before = beyond.get(flow, newest)
    beyond[flow] = before + _WEIGHT * (newest - before)
    return replace(tokens, left=tokens.left + estimated - used, beyond=tuple(beyond.items()))


def prompt_estimate(prompt: str) -> float:
    """The estimated number of tokens of a prompt, by its length in UTF-8."""
    return len(prompt.encode(errors="replace")) / BYTES_PER_TOKEN
