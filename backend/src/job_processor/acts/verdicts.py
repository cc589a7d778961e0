"""The examination of results: every result is examined once before it is stored, in a child process."""

from collections.abc import Mapping

from msgspec import structs

from job_processor import results
from job_processor.core.job import Job, Json
from job_processor.core.outcome import Outcome, Reported, ResultAccepted, Signal, Succeeded

_CUT_SHORT = frozenset({"length", "max_tokens", "MAX_TOKENS"})
"""Finish reasons of models whose answer was cut short by a token limit."""


class Verdicts:
    def __init__(self, examiners: results.Examiners) -> None:
        self._examiners = examiners

    async def check_schema(self, schema: Mapping[str, Json]) -> str | None:
        """The error in a ``resultSchema``, as a sentence; ``None``: the schema is valid."""
        return await self._examiners.check_schema(schema)

    async def of_outcome(self, outcome: Outcome, job: Job) -> Outcome:
        """The outcome with the verdict on its result; unchanged if it already has one, or has no result."""
        if not isinstance(outcome, Succeeded) or outcome.verdict is not None:
            return outcome
        stopped = outcome.usage is not None and outcome.usage.finish_reason in _CUT_SHORT
        verdict = await self._examiners.examine(outcome.result, job.result_schema, stopped=stopped)
        return structs.replace(outcome, verdict=verdict)

    async def of_signal(self, signal: Signal, job: Job) -> Signal:
        """The signal with the verdict on the result it carries, if any."""
        match signal:
            case Reported():
                return structs.replace(signal, outcome=await self.of_outcome(signal.outcome, job))
            case ResultAccepted():
                return structs.replace(signal, verdict=await self._examiners.examine(signal.result, job.result_schema))
            case _:
                return signal


def awaits_verdict(signal: Signal) -> bool:
    """Whether the signal carries a result that was not examined yet."""
    match signal:
        case Reported(outcome=Succeeded(verdict=None)) | ResultAccepted(verdict=None):
            return True
        case _:
            return False
