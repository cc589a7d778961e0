"""Refused requests in the audit. Many of the same kind become one entry with their number, so that an attack fills
neither the memory nor the store."""

from dataclasses import dataclass

from job_processor.acts.facts import Facts, RequestRefused
from job_processor.acts.trail import Trail
from job_processor.core.access import Requester
from job_processor.core.audit import AuditAct, AuditOutcome
from job_processor.store.base import Store

MAX_WAITING = 500
"""Maximum number of kinds of refusals that wait to be written; any other is counted with the rest of its address."""
ENTRIES_A_MINUTE = 60


@dataclass(slots=True)
class _Waiting:
    by: Requester
    what: str
    code: str
    times: int = 1


class Refusals:
    """``write`` is called about once a second."""

    def __init__(self, store: Store, trail: Trail, facts: Facts) -> None:
        self._store = store
        self._trail = trail
        self._facts = facts
        self._waiting: dict[tuple[str, str, str, str], _Waiting] = {}
        self._budget = float(ENTRIES_A_MINUTE)

    @property
    def waiting(self) -> int:
        """The number of entries that wait to be written."""
        return len(self._waiting)

    def note(self, by: Requester, what: str, code: str) -> None:
        """A request was refused. ``what``: method and route; ``code``: of the problem."""
        self._facts.tell(RequestRefused(code))
        key = (by.principal.id, by.address, what, code)
        if key not in self._waiting and len(self._waiting) >= MAX_WAITING:
            key, what, code = ("", "", "", ""), "", "many"
        known = self._waiting.get(key)
        if known is None:
            self._waiting[key] = _Waiting(by, what, code)
        else:
            known.times += 1

    async def write(self, seconds: float = 1.0) -> None:
        """Write the waiting entries, at most ``ENTRIES_A_MINUTE``. ``seconds``: since the last call. Raises
        ``StoreUnavailable``."""
        self._budget = min(float(ENTRIES_A_MINUTE), self._budget + seconds * ENTRIES_A_MINUTE / 60)
        chosen = list(self._waiting)[: int(self._budget)]
        entries = []
        for key in chosen:
            one = self._waiting[key]
            detail = one.code if one.times == 1 else f"{one.code}, {one.times} times"
            entries.append(self._trail.entry(one.by, AuditAct.REFUSED, one.what, detail, AuditOutcome.REFUSED))
        if not chosen:
            return
        times = {key: self._waiting[key].times for key in chosen}
        await self._store.record([entry for entry in entries if entry is not None])
        self._budget -= len(chosen)
        for key, written in times.items():
            # Refusals that came meanwhile wait for the next call.
            self._waiting[key].times -= written
            if not self._waiting[key].times:
                del self._waiting[key]
