"""Bulk actions: count, start, abort, read, and deletion after the retention time. ``bulk_groups`` carries them out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from msgspec import structs

from job_processor.acts.facts import BulkActionMoved, Facts
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.trail import Trail
from job_processor.core import bulk
from job_processor.core.access import Principal, Requester
from job_processor.core.audit import AuditAct
from job_processor.core.bulk import BulkAction, BulkKind
from job_processor.core.errors import (
    BulkActionNotFound,
    IdempotencyMismatch,
    InvalidField,
    SearchIncomplete,
    StoreUnavailable,
    TooManyBulkActions,
)
from job_processor.core.ids import IdFactory
from job_processor.store.base import IdempotencyKey, Query, Store

MAX_OPEN = 50
"""Bulk actions that may run at the same time: each process reads them every second."""
MAX_COUNTED = 100_000
"""Maximum number of jobs that are counted before a bulk action starts; beyond it ``Matched.more`` is set."""
TRIES = 50
_PAGE = 200

ReadQuery: TypeAlias = Callable[[BulkAction], Query]
"""The store's query of a bulk action: what its ``query`` says, limited to the flows of who asked for it."""


@dataclass(frozen=True, slots=True)
class NewBulkAction:
    """A bulk action as it was requested, its fields checked one by one. ``query``: the filters as the API has them."""

    kind: BulkKind
    query: Mapping[str, object]
    limit: int | None = None
    reason: str | None = None
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """``created`` is false when the bulk action was started by an earlier request with the same key."""

    action: BulkAction
    created: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """The number of jobs that match. ``more``: there are more than were counted."""

    count: int
    more: bool


class BulkActions:
    def __init__(
        self, store: Store, flows: FlowTable, ids: IdFactory, facts: Facts, trail: Trail, read_query: ReadQuery
    ) -> None:
        self._store = store
        self._flows = flows
        self._ids = ids
        self._facts = facts
        self._trail = trail
        self._read_query = read_query

    async def count(self, new: NewBulkAction, by: Requester) -> Matched:
        """The number of jobs that the bulk action would act on. Raises as ``start`` does."""
        return await self._count(self._made(new, by))

    async def start(self, new: NewBulkAction, by: Requester, key: IdempotencyKey | None = None) -> Started:
        """Count the jobs and store the bulk action, RUNNING.

        Raises ``InvalidField`` for an unknown flow, ``TooManyBulkActions``, ``SearchIncomplete``,
        ``IdempotencyMismatch``, and what counting raises.
        """
        if key is not None and (earlier := await self._of_key(key, by)) is not None:
            return Started(earlier, created=False)
        if len(await self._store.open_bulk_actions()) >= MAX_OPEN:
            raise TooManyBulkActions(f"{MAX_OPEN} bulk actions are running; start more when some have ended.")
        made = self._made(new, by)
        matched = await self._count(made)
        made = replace(made, matched=matched.count, more=matched.more)
        if key is not None:
            made = replace(made, key=key.key, fingerprint=key.fingerprint)
        record = self._trail.entry(by, AuditAct.BULK_STARTED, made.id, made.kind.value)
        if not await self._store.save_bulk_action(made, record):
            if key is not None and (earlier := await self._of_key(key, by)) is not None:
                return Started(earlier, created=False)
            raise StoreUnavailable("A bulk action of this id or key is there already; nothing was stored.")
        stored = replace(made, rev=1)
        self._facts.tell(BulkActionMoved(stored, None))
        return Started(stored, created=True)

    async def _of_key(self, key: IdempotencyKey, by: Requester) -> BulkAction | None:
        """The bulk action that was started with this key. Raises ``IdempotencyMismatch`` and ``BulkActionNotFound``."""
        found = await self._store.bulk_action_of_key(key.key)
        if found is None:
            return None
        if not key.fits(found.fingerprint or ""):
            raise IdempotencyMismatch("The idempotency key was used before with another body.")
        if not found.seen_by(by.principal.flows):
            raise BulkActionNotFound
        return found

    async def abort(self, action_id: str, by: Requester) -> BulkAction:
        """Abort a bulk action, whatever it waits for: it begins no further group of jobs. If it has ended, nothing
        changes. Raises ``BulkActionNotFound``."""
        record = self._trail.entry(by, AuditAct.BULK_ABORTED, action_id)
        for _ in range(TRIES):
            action = await self.get(action_id, by.principal)
            after = bulk.aborted(action, self._store.now())
            if after is None:
                return action
            if await self._store.save_bulk_action(after, record):
                stored = replace(after, rev=after.rev + 1)
                self._facts.tell(BulkActionMoved(stored, action))
                return stored
        raise StoreUnavailable("The bulk action changes faster than it can be written.")

    async def get(self, action_id: str, principal: Principal) -> BulkAction:
        """The bulk action. Raises ``BulkActionNotFound``, also for one that the principal may not see."""
        action = await self._store.get_bulk_action(action_id)
        if action is None or not action.seen_by(principal.flows):
            raise BulkActionNotFound
        return action

    async def list(self, limit: int, before: str | None, principal: Principal) -> Sequence[BulkAction]:
        """Up to ``limit`` bulk actions that the principal may see, newest first. ``before``: the id after which the
        page starts."""
        found: list[BulkAction] = []
        while len(found) < limit:
            page = await self._store.list_bulk_actions(_PAGE, before)
            found += [one for one in page if one.seen_by(principal.flows)]
            if len(page) < _PAGE:
                break
            before = page[-1].id
        return found[:limit]

    async def prune(self, ended_before: int, limit: int) -> int:
        """Delete up to ``limit`` bulk actions that ended before then (ms since 1970); returns how many."""
        return await self._store.prune_bulk_actions(ended_before, limit)

    def _made(self, new: NewBulkAction, by: Requester) -> BulkAction:
        if new.flow is not None and new.kind is not BulkKind.REPLAY:
            raise InvalidField("flow", "must be left out unless the action is replay")
        if new.flow is not None:
            self._flows.for_new_job(new.flow, by.principal.flows)
        now = self._store.now()
        action_id = self._ids.new(now)
        # A bulk action outlasts the request: it keeps who asked for it, but not their session.
        whose = replace(by.principal, session=None, expires_at=None)
        return BulkAction(
            id=action_id,
            kind=new.kind,
            query=new.query,
            by=structs.replace(by, principal=whose),
            created_at=now,
            updated_at=now,
            matched=0,
            cursor=action_id,
            limit=new.limit,
            reason=new.reason,
            flow=new.flow,
        )

    async def _count(self, action: BulkAction) -> Matched:
        most = MAX_COUNTED if action.limit is None else min(action.limit, MAX_COUNTED)
        query = self._read_query(action)
        if query.needs_index and not self._store.is_searchable():
            raise SearchIncomplete("Not all jobs can be searched yet.")
        before = action.cursor if query.before is None else min(query.before, action.cursor)
        found = await self._store.count(replace(query, before=before, limit=most + 1))
        return Matched(min(found, most), found > most and most != action.limit)
