"""The part of the load that is many jobs at once: batches, and bulk actions on whatever matches.

Both are asked for under a key, and again until it is known what came of them.
"""

import functools
import json
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.faults.asking import Asker, ServerGone
from tests.faults.history import FINAL, OPEN
from tests.faults.ledger import Bulk, Ledger, Query
from tests.support.waiting import until

ALONE = "alone"
"""The tag of jobs that are submitted one by one."""
LATER = "later"
"""The tag of jobs that are due in a year: they end by a bulk action."""
TOLD = "tell:"
"""In the prompts of jobs that have a webhook of their own."""
LATER_LINES = 110
"""More than a bulk action acts on in one group."""
_END_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request as it is sent, and sent again. ``lines``, ``wrong`` and ``bulk``: as in the ledger."""

    op: str
    body: str
    lines: tuple[str, ...] = ()
    wrong: int = 0
    bulk: Bulk | None = None

    @property
    def path(self) -> str:
        return "/batches" if self.op == "batch" else "/bulk-actions"


@dataclass(slots=True)
class Remembered:
    """By key: what was not answered, to be asked again, and what was."""

    unanswered: dict[str, Wanted] = field(default_factory=dict)
    answered: deque[tuple[str, Wanted]] = field(default_factory=lambda: deque(maxlen=20))


class Remembers(Protocol):
    many: Remembered

    def prompt(self, rng: random.Random) -> str: ...

    def learn(self, job: str, prompt: str) -> None: ...


def body_of(prompt: str, hooks: str | None) -> dict[str, Any]:
    """A submission; of one that asks for it, the end is told at ``hooks``."""
    webhook = {"webhook": {"url": f"{hooks}/job"}} if hooks is not None and TOLD in prompt else {}
    return {"prompt": prompt, **webhook}


class Many:
    def __init__(
        self,
        ledger: Ledger,
        memory: Remembers,
        rng: random.Random,
        hooks: str | None = None,
        batches: int = 0,
        bulks: int = 0,
    ) -> None:
        self._ledger = ledger
        self._memory = memory
        self._rng = rng
        self._hooks = hooks
        self._batches = batches
        self._bulks = bulks

    async def step(self, asker: Asker) -> bool:
        """Do one thing if one is to be done; returns whether."""
        memory, rng = self._memory.many, self._rng
        if memory.unanswered:
            key, wanted = memory.unanswered.popitem()
            await self.send(asker, key, wanted)
        elif self._batches > 0 and rng.random() < 0.15:
            self._batches -= 1
            key = self._key("batch")
            await self.send(asker, key, self.batch(key))
        elif self._bulks > 0 and rng.random() < 0.15:
            self._bulks -= 1
            key = self._key("bulk")
            await self.send(asker, key, self.bulk(key, self._any_bulk()))
        elif memory.answered and rng.random() < 0.03:
            key, wanted = rng.choice(memory.answered)
            # Once more, or something else under the same key.
            other = rng.random() < 0.3
            await self.send(asker, key, self._other(wanted) if other else wanted, insist=not other)
        else:
            return False
        return True

    async def end(self, asker: Asker) -> None:
        """Ask once more for what was not answered, and let the jobs that are due in a year end."""
        unanswered = self._memory.many.unanswered

        async def is_answered() -> bool:
            if unanswered:
                await self.send(asker, *unanswered.popitem())
            return not unanswered

        async def has_ended() -> bool:
            return all(row["endedAt"] is not None for row in await asker.rows(request, "/bulk-actions?limit=200"))

        await until(is_answered, "answers", _END_SECONDS)
        # One that still runs may put more of them back.
        request = self._ledger.sent("list")
        await until(has_ended, "the bulk actions", _END_SECONDS)
        self._ledger.answered(request, "acked", status=200)
        key = self._key("bulk")
        last = self.bulk(key, Bulk(kind="cancel", query={"tag": LATER}))
        await until(functools.partial(self.send, asker, key, last, insist=False), "the last one", _END_SECONDS)

    async def send(self, asker: Asker, key: str, wanted: Wanted, *, insist: bool = True) -> str | None:
        """The id of what was made. Raises ``ServerGone``; ``insist``: it is asked for again then."""
        memory, ledger = self._memory.many, self._ledger
        request = ledger.sent(wanted.op, key=key, lines=wanted.lines, wrong=wanted.wrong, bulk=wanted.bulk)
        try:
            told = await asker.ask(request, "POST", wanted.path, wanted.body, {"Idempotency-Key": key})
        except ServerGone:
            if insist:
                memory.unanswered[key] = wanted
            raise
        if told.status != 201:
            ledger.answered(request, "refused", status=told.status, said=told.code)
            if insist and told.status == 503:
                memory.unanswered[key] = wanted
            return None
        made = str(told.body["id"])
        ledger.answered(request, "acked", status=201, job=made)
        memory.answered.append((key, wanted))
        if wanted.op == "batch" and len(wanted.lines) < LATER_LINES:
            await self._learn(asker, made)
        return made

    def batch(self, key: str) -> Wanted:
        """A few lines, now and then with a wrong one, or many that are due in a year."""
        rng = self._rng
        later = rng.random() < 0.1
        prompts = tuple(self._memory.prompt(rng) for _ in range(LATER_LINES if later else rng.randint(1, 7)))
        more: dict[str, Any] = {"delaySeconds": 31_536_000, "tags": [LATER]} if later else {}
        lines = [
            {**body_of(prompt, self._hooks), **more, "customId": f"{n}"} for n, prompt in enumerate(prompts, start=1)
        ]
        wrong = 1 if rng.random() < 0.3 else 0
        if wrong:
            lines.insert(rng.randint(0, len(lines)), {"prompt": "", "customId": "wrong"})
        # A wrong line without ``partial``: all of it is refused.
        body: dict[str, Any] = {"name": key, "jobs": lines, "partial": rng.random() < 0.8}
        if self._hooks is not None and rng.random() < 0.6:
            body["webhookUrl"] = f"{self._hooks}/batch"
        return Wanted("batch", json.dumps(body), lines=prompts, wrong=wrong)

    def bulk(self, key: str, bulk: Bulk) -> Wanted:
        body: dict[str, Any] = {"action": bulk.kind, "query": bulk.query, "reason": key}
        if bulk.limit is not None:
            body["limit"] = bulk.limit
        return Wanted("bulk", json.dumps(body), bulk=bulk)

    def _any_bulk(self) -> Bulk:
        rng = self._rng
        later: Query = {"tag": LATER}
        match rng.choices(("retry", "cancel", "delete", "replay"), (3, 2, 2, 3))[0]:
            case "retry" if rng.random() < 0.1:
                # More than one group, and they run at once.
                return Bulk(kind="retry", query={**later, "status": ["CANCELLED"]})
            case "retry":
                ended = rng.choice((["FAILED"], ["FAILED", "CANCELLED"]))
                return Bulk(kind="retry", query={"status": ended}, limit=rng.choice((10, 30)))
            case "cancel" if rng.random() < 0.6:
                return Bulk(kind="cancel", query=later)
            case "cancel":
                return Bulk(kind="cancel", query={"status": sorted(OPEN), "tag": ALONE}, limit=15)
            case "delete" if rng.random() < 0.5:
                return Bulk(kind="delete", query={**later, "status": ["CANCELLED"]})
            case "delete":
                return Bulk(kind="delete", query={"status": list(FINAL), "tag": ALONE}, limit=10)
        some: tuple[Query, ...] = ({}, {"status": ["FAILED"]}, {"tag": ALONE})
        return Bulk(kind="replay", query=rng.choice(some), limit=4)

    def _other(self, wanted: Wanted) -> Wanted:
        if wanted.op == "batch":
            prompt = self._memory.prompt(self._rng)
            return Wanted("batch", json.dumps({"jobs": [body_of(prompt, self._hooks)]}), lines=(prompt,))
        return self.bulk("another", Bulk(kind="cancel", query={"tag": "of nobody"}))

    def _key(self, op: str) -> str:
        return f"{op}-{self._rng.randrange(1 << 48):012x}"

    async def _learn(self, asker: Asker, batch: str) -> None:
        """The ids of its jobs: from now on anything may be done with them."""
        request = self._ledger.sent("list")
        for row in await asker.rows(request, f"/jobs?batch={batch}&limit=200"):
            self._memory.learn(str(row["id"]), str(row["prompt"]))
        self._ledger.answered(request, "acked", status=200)
