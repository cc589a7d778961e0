"""Corrects a shared limit by the tokens that a worker's attempts really used (``core.model_tokens``)."""

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
    used: int


class TokenKeeper:
    """The corrections of one flow. Those that arrive during a write are written together by the next one."""

    def __init__(self, lanes: Lanes, rules: FlowRules) -> None:
        self._lanes = lanes
        self._flow = rules.name
        self._limit = rules.limit
        self._unwritten: list[_Taken] = []
        self._turn = asyncio.Lock()

    def note(self, prompt: str, estimated: int | None, usage: Usage | None) -> None:
        """An attempt with this prompt has ended. ``estimated``: the tokens it was charged; ``None``: not counted."""
        used = model_tokens.reported(usage)
        if estimated is not None and used is not None:
            self._unwritten.append(_Taken(model_tokens.prompt_estimate(prompt), estimated, used))

    async def write(self) -> None:
        """Write the collected corrections to the limit. After ``StoreUnavailable`` they are kept for the next call."""
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
            tokens = model_tokens.correct(tokens, self._flow, one.guessed, one.estimated, one.used)
        return replace(lane, model_tokens=tokens)
