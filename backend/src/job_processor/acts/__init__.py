"""The acts: everything that the product does. HTTP, workers and commands change the store only by calling them."""

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from job_processor import results
from job_processor.acts.api_keys import ApiKeys
from job_processor.acts.batches import Batches
from job_processor.acts.budgets import Budgets
from job_processor.acts.bulk import BulkActions, ReadQuery
from job_processor.acts.bulk_groups import BulkGroups
from job_processor.acts.callbacks import Callbacks
from job_processor.acts.cancels import Cancels
from job_processor.acts.credentials import Credentials
from job_processor.acts.deliveries import Deliveries
from job_processor.acts.facts import Facts, KeysChanged
from job_processor.acts.flow_table import FlowTable
from job_processor.acts.jobs import Jobs
from job_processor.acts.lanes import Lanes
from job_processor.acts.outcomes import Outcomes
from job_processor.acts.questions import Questions
from job_processor.acts.rate_limits import RateLimits
from job_processor.acts.refusals import Refusals
from job_processor.acts.series import Series
from job_processor.acts.sessions import Sessions
from job_processor.acts.signals import Signals
from job_processor.acts.trail import Trail
from job_processor.acts.verdicts import Verdicts
from job_processor.acts.waiting_quota import WaitingQuota
from job_processor.acts.webhook_endpoints import WebhookEndpoints
from job_processor.core.bulk import BulkAction
from job_processor.core.ids import IdFactory
from job_processor.core.permits import Limits
from job_processor.core.redaction import Redactor
from job_processor.processors.base import Processor
from job_processor.store.base import Query, Store
from job_processor.webhook_secrets import WebhookSecrets

_NO_PROCESSORS: Mapping[str, Processor] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Acts:
    """The acts of one process over one store."""

    flows: FlowTable
    facts: Facts
    verdicts: Verdicts
    signals: Signals
    jobs: Jobs
    bulk: BulkActions
    bulk_groups: BulkGroups
    batches: Batches
    callbacks: Callbacks
    outcomes: Outcomes
    questions: Questions
    lanes: Lanes
    budgets: Budgets
    cancels: Cancels
    api_keys: ApiKeys
    sessions: Sessions
    credentials: Credentials
    refusals: Refusals
    rate_limits: RateLimits
    trail: Trail
    webhooks: WebhookEndpoints
    deliveries: Deliveries
    series: Series

    async def close(self) -> None:
        """Stop waiting for answers of processors to cancels."""
        await self.cancels.close()


def _read_no_query(action: BulkAction) -> Query:
    raise RuntimeError("These acts were made without read_query.")


def acts_over(
    store: Store,
    flows: FlowTable,
    ids: IdFactory,
    *,
    processors: Mapping[str, Processor] = _NO_PROCESSORS,
    redactor: Redactor | None = None,
    examiners: results.Examiners | None = None,
    session_secrets: Sequence[str] = (),
    limits: Limits = Limits(),  # noqa: B008  # frozen
    jitter: Callable[[], float] = random.random,
    read_query: ReadQuery = _read_no_query,
) -> Acts:
    """The acts over ``store``. ``processors``: by flow, those that cancels are passed on to; ``examiners``: the shared
    ones when ``None``; ``session_secrets``: see ``Sessions`` and ``WebhookSecrets``; ``limits``: of keys and addresses;
    ``jitter``: random numbers in [0, 1) for the back-off; ``read_query``: without it there are no bulk actions."""
    facts = Facts()
    trail = Trail(store, ids)
    keys = session_secrets or (secrets.token_hex(32),)
    sessions = Sessions(store, trail, facts, keys)
    webhooks = WebhookEndpoints(store, trail, facts, ids, WebhookSecrets(keys))
    redacts = redactor or Redactor()
    credentials = Credentials(store, sessions)

    facts.subscribe_to(KeysChanged, lambda _: credentials.forget())
    verdicts = Verdicts(examiners or results.shared())
    signals = Signals(store, flows, verdicts, facts, webhooks, jitter)
    cancels = Cancels(signals, processors)
    outcomes = Outcomes(store, signals, facts)
    lanes = Lanes(store, facts, trail)
    quota = WaitingQuota(store, limits.waiting_jobs)
    jobs = Jobs(store, flows, signals, cancels, ids, facts, trail, quota)
    return Acts(
        flows=flows,
        facts=facts,
        verdicts=verdicts,
        signals=signals,
        jobs=jobs,
        bulk=BulkActions(store, flows, ids, facts, trail, read_query),
        bulk_groups=BulkGroups(store, jobs, facts, read_query),
        batches=Batches(store, jobs, ids, facts, trail, quota),
        callbacks=Callbacks(store, flows, signals, ids, facts, redacts, trail),
        outcomes=outcomes,
        questions=Questions(store, signals, outcomes),
        lanes=lanes,
        budgets=Budgets(store, lanes, flows),
        cancels=cancels,
        api_keys=ApiKeys(store, trail, facts),
        sessions=sessions,
        credentials=credentials,
        refusals=Refusals(store, trail, facts),
        rate_limits=RateLimits(store, limits),
        trail=trail,
        webhooks=webhooks,
        deliveries=Deliveries(store, webhooks, trail, facts, redacts, jitter),
        series=Series(store),
    )
