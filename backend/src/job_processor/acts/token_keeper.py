"""Tells a limit that flows share what a worker's attempts have taken of its tokens (``core.model_tokens``)."""

import asyncio
from dataclasses import dataclass, replace

from job_processor.acts.lanes import Lanes
from job_processor.core import model_tokens
from job_processor.core.flow import FlowRules
from job_processor.core.job import Usage
from job_processor.core.lane import Lane


@dataclass(frozen=True, slots=True)
class _Taken:
    guessed: float
    estimated: int
    took: int


class TokenKeeper:
    """Of one flow. What several attempts have taken is written at once, while a write is under way."""

    def __init__(self, lanes: Lanes, rules: FlowRules) -> None:
        self._lanes = lanes
        self._flow = rules.name
        self._limit = rules.limit
        self._unwritten: list[_Taken] = []
        self._turn = asyncio.Lock()

    def note(self, prompt: str, estimated: int | None, usage: Usage | None) -> None:
        """An attempt with this prompt has ended, which was charged so many tokens (``None``: they are not counted)."""
        took = model_tokens.taken(usage)
        if estimated is not None and took is not None:
            self._unwritten.append(_Taken(model_tokens.guess(prompt), estimated, took))

    async def write(self) -> None:
        """Correct the limit by what was noted. After ``StoreUnavailable`` it is still noted."""
        if not self._unwritten or self._limit is None:
            return
        async with self._turn:
            some = tuple(self._unwritten)
            if some:
                await self._lanes.change(self._limit.rules.name, lambda lane, now: self._corrected(lane, some))
                del self._unwritten[: len(some)]

    def _corrected(self, lane: Lane, some: tuple[_Taken, ...]) -> Lane:
        tokens = lane.model_tokens
        for one in some:
            tokens = model_tokens.correct(tokens, self._flow, one.guessed, one.estimated, one.took)
        return replace(lane, model_tokens=tokens)
