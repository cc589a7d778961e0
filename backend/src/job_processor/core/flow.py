"""The settings of a flow that the rules need: limits, timeouts, retries, prices."""

from dataclasses import dataclass
from enum import StrEnum

from job_processor.core.cost import Prices


class OnInvalidResult(StrEnum):
    """What happens to a job with a ``resultSchema`` whose result is not valid JSON or does not match the schema."""

    KEEP = "keep"
    """The job is COMPLETED with the result and its verdict."""
    RETRY = "retry"
    """The attempt counts as failed; the next one gets the error message."""
    FAIL = "fail"
    """The job is FAILED at once."""


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """A limit on the jobs of several flows together, from ``[limits.NAME]``. ``None``: no such limit."""

    name: str
    flows: tuple[str, ...] = ()
    concurrency: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    """Tokens of language models (``core.model_tokens``)."""

    @property
    def rules(self) -> "FlowRules":
        """The rules of the limit's lane. Names of flows contain no colon, so that this name is unique."""
        return FlowRules(f"limit:{self.name}", concurrency=self.concurrency, rate_per_minute=self.requests_per_minute)


@dataclass(frozen=True, slots=True)
class FlowRules:
    """The settings of one flow. ``concurrency`` (jobs in flight) and ``rate_per_minute`` (started jobs) limit all
    workers together; ``None``: no limit. ``concurrency_per_key`` and ``rate_per_key`` limit each key
    (``core.key_limits``).

    ``fallback``: names of fallback flows in order of precedence, used once the lane has been closed for
    ``fallback_after_seconds`` (``core.fallback``). ``prices``: of tokens; ``None``: unknown. ``budget_per_day``: in
    micros; ``None``: no budget. ``longest_answer``: the maximum length of an answer in tokens that the processor asks
    for; ``None``: no maximum.
    """

    name: str
    max_attempts: int = 3
    lease_seconds: float = 30.0
    dispatch_timeout_seconds: float = 60.0
    callback_timeout_seconds: float = 300.0
    backoff_base_seconds: float = 2.0
    backoff_cap_seconds: float = 300.0
    concurrency: int | None = None
    rate_per_minute: float | None = None
    concurrency_per_key: int | None = None
    rate_per_key: float | None = None
    limit: SharedLimit | None = None
    fallback: tuple[str, ...] = ()
    fallback_after_seconds: float = 60.0
    on_invalid_result: OnInvalidResult = OnInvalidResult.KEEP
    prices: Prices | None = None
    budget_per_day: int | None = None
    longest_answer: int | None = None

    @property
    def has_limits(self) -> bool:
        own = self.concurrency is not None or self.rate_per_minute is not None
        return own or self.limits_keys or self.limit is not None

    @property
    def limits_keys(self) -> bool:
        return self.concurrency_per_key is not None or self.rate_per_key is not None
