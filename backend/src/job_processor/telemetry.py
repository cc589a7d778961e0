"""The definitions of all Prometheus metrics."""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from job_processor.acts.facts import (
    AttemptEnded,
    BatchCancelled,
    BatchEnded,
    BatchesPruned,
    BatchSubmitted,
    BulkActionMoved,
    CallbackJudged,
    CallbacksPruned,
    DeliveryTried,
    EndpointDisabled,
    Fact,
    JobDeleted,
    JobMoved,
    JobsPruned,
    RequestRefused,
    SignedIn,
    TokensUsed,
)
from job_processor.core.budget import OVER_BUDGET, Level
from job_processor.core.bulk import BulkAction, BulkKind, BulkState
from job_processor.core.callbacks import CallbackVerdict
from job_processor.core.job import FINAL, Job, State
from job_processor.core.lane import Lane, Trouble
from job_processor.core.webhooks import DisabledBecause
from job_processor.store.base import Counts

_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)


@dataclass(frozen=True, slots=True)
class GaugeValues:
    """The values of the gauges: the state of the store when the metrics are read."""

    up: bool
    """Whether the store answers."""
    flows: Sequence[str]
    now: int
    """The store's time in milliseconds since 1970."""
    counts: Counts | None = None
    """Counts of jobs; ``None``: unknown."""
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    workers: int | None = None
    """Workers with a recent heartbeat; ``None``: unknown."""
    budgets: Mapping[str, Level] = field(default_factory=dict)
    """The used share of the budget, for each flow that has one."""


_Metric = TypeVar("_Metric", Counter, Histogram)


def _children(metric: _Metric) -> Callable[..., _Metric]:
    """``metric.labels`` with a cache, because its look-up formats the labels and takes a lock. The cache does not grow
    beyond the metric, which keeps all its children."""
    return functools.cache(metric.labels)


class Telemetry:
    """The metrics of this process. Gauges are computed from the store's counts when the metrics are read."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self._submitted = _children(Counter("job_processor_submitted", "Jobs accepted", ["flow"], registry=r))
        self._attempts = _children(Counter("job_processor_attempts", "Attempts ended", ["flow", "outcome"], registry=r))
        tokens = "Tokens that processors reported"
        self._tokens = _children(Counter("job_processor_tokens", tokens, ["flow", "kind"], registry=r))
        cost = "Cost of tokens, in millionths of the currency of flows.toml"
        self._cost = _children(Counter("job_processor_cost_micros", cost, ["flow"], registry=r))
        self._completed = _children(Counter("job_processor_completed", "Jobs COMPLETED", ["flow"], registry=r))
        self._failed = _children(Counter("job_processor_failed", "Jobs FAILED", ["flow"], registry=r))
        self._cancelled = _children(Counter("job_processor_cancelled", "Jobs CANCELLED", ["flow"], registry=r))
        self._retried = _children(
            Counter("job_processor_retried", "Retries of FAILED and CANCELLED jobs", ["flow"], registry=r)
        )
        took = "Jobs that bulk actions processed, by outcome"
        self._bulk_jobs = _children(Counter("job_processor_bulk_jobs", took, ["action", "outcome"], registry=r))
        ended = "Bulk actions ended"
        self._bulk_ended = _children(Counter("job_processor_bulk_actions", ended, ["action", "status"], registry=r))
        what = "Batches that were submitted, cancelled or ended"
        self._batches = _children(Counter("job_processor_batches", what, ["what"], registry=r))
        self._deleted = Counter("job_processor_deleted", "Jobs deleted by a request", registry=r)
        self._pruned = _children(Counter("job_processor_pruned", "Deleted by retention", ["what"], registry=r))
        self._callbacks = _children(Counter("job_processor_callbacks", "Callbacks received", ["verdict"], registry=r))
        refused = "Requests refused because of a missing key or right or a limit, and acts that were not possible"
        self._refused = _children(Counter("job_processor_refused", refused, ["code"], registry=r))
        self._webhooks = _children(
            Counter("job_processor_webhooks", "Webhooks sent: delivered, failed or given_up", ["outcome"], registry=r)
        )
        self._disabled = _children(
            Counter(
                "job_processor_webhook_endpoints_disabled",
                "Webhook endpoints that were disabled because they are gone or failing",
                ["because"],
                registry=r,
            )
        )
        signed_in = Counter("job_processor_signed_in", "Sessions of the page that began", ["kind"], registry=r)
        self._signed_in = _children(signed_in)
        seconds = "Time from the requested start to a final state"
        self._seconds = _children(
            Histogram("job_processor_job_seconds", seconds, ["flow"], registry=r, buckets=_SECONDS)
        )

        fell_back = "Attempts that fell back to another flow, because their own was closed"
        self._fell_back = _children(Counter("job_processor_fell_back", fell_back, ["flow", "to"], registry=r))

    def watch_store(self, changes_arrive: Callable[[], bool], queue_seconds: Callable[[], float]) -> None:
        """Add gauges of the store. The functions are called whenever the metrics are read."""
        gauge = Gauge(
            "job_processor_changes_arrive",
            "1 while the store pushes changes; 0 while they are polled or late",
            registry=self.registry,
        )
        gauge.set_function(lambda: float(changes_arrive()))
        queue = Gauge(
            "job_processor_store_queue_seconds",
            "Expected wait of a new write; new jobs are refused while it is long",
            registry=self.registry,
        )
        queue.set_function(queue_seconds)

    def start_at_zero(self, flows: Iterable[str], fallbacks: Iterable[tuple[str, str]] = ()) -> None:
        """Export the counters of these flows with the value 0, because Prometheus sees no increase when a counter
        appears with its first value. ``fallbacks``: pairs of a flow and one of its fallback flows."""
        per_flow = (self._submitted, self._completed, self._failed, self._cancelled, self._retried, self._cost)
        for flow in flows:
            self._seconds(flow)
            for kind in ("prompt", "completion"):
                self._tokens(flow, kind)
            for counter in per_flow:
                counter(flow)
        for pair in fallbacks:
            self._fell_back(*pair)
        for what in ("submitted", "cancelled", "ended"):
            self._batches(what)
        for verdict in ("unauthorized", *CallbackVerdict):
            self._callbacks(str(verdict))
        for outcome in ("delivered", "failed", "given_up"):
            self._webhooks(outcome)
        for because in DisabledBecause:
            self._disabled(because.value)
        for kind in BulkKind:
            for outcome in ("done", "skipped", "failed"):
                self._bulk_jobs(kind.value, outcome)
            for state in (BulkState.DONE, BulkState.ABORTED):
                self._bulk_ended(kind.value, state.value.lower())

    def count(self, fact: Fact) -> None:
        """Increment the counters for a fact. The subscriber of ``acts.facts``, and the only place that does so."""
        match fact:
            # In order of frequency.
            case JobMoved(job=job, was=None):
                self._submitted(job.flow).inc()
            case JobMoved(job=job, was=was):
                if job.state is not was:
                    self._moved(job, was)
            case AttemptEnded(flow=flow, outcome=outcome, written=written):
                self._attempts(flow, type(outcome).__name__.lower() if written else "lost").inc()
            case TokensUsed(flow=flow, prompt=prompt, completion=completion, cost=cost):
                self._tokens(flow, "prompt").inc(prompt)
                self._tokens(flow, "completion").inc(completion)
                self._cost(flow).inc(cost)
            case CallbackJudged(verdict=verdict):
                self._callbacks(verdict).inc()
            case BatchSubmitted(jobs=jobs):
                self._batches("submitted").inc()
                for flow, number in jobs.items():
                    self._submitted(flow).inc(number)
            case BatchCancelled():
                self._batches("cancelled").inc()
            case BatchEnded():
                self._batches("ended").inc()
            case BatchesPruned(batches=batches, jobs=number):
                self._pruned("batches").inc(batches)
                self._pruned("jobs").inc(number)
            case JobDeleted():
                self._deleted.inc()
            case JobsPruned(count=count):
                self._pruned("jobs").inc(count)
            case CallbacksPruned(count=count):
                self._pruned("callbacks").inc(count)
            case DeliveryTried(outcome=outcome):
                self._webhooks(outcome).inc()
            case EndpointDisabled(because=because):
                self._disabled(because.value).inc()
            case RequestRefused(code=code):
                self._refused(code).inc()
            case BulkActionMoved(before=BulkAction() as before, after=after):
                self._bulk_action_moved(before, after)
            case SignedIn(kind=kind):
                self._signed_in(kind).inc()
            case _:
                pass

    def _moved(self, job: Job, was: State | None) -> None:
        if was in FINAL and job.state is State.PENDING:
            self._retried(job.flow).inc()
        if job.state is State.RUNNING and (via := job.via()) is not None:
            self._fell_back(job.flow, via).inc()
        if job.state not in FINAL or job.duration_ms is None:
            return
        if job.state is State.COMPLETED:
            self._completed(job.flow).inc()
        elif job.state is State.FAILED:
            self._failed(job.flow).inc()
        else:
            self._cancelled(job.flow).inc()
        self._seconds(job.flow).observe(job.duration_ms / 1000)

    def _bulk_action_moved(self, before: BulkAction, after: BulkAction) -> None:
        action = after.kind.value
        for outcome, was, now in (
            ("done", before.done, after.done),
            ("skipped", sum(before.skipped.values()), sum(after.skipped.values())),
            ("failed", sum(before.failed.values()), sum(after.failed.values())),
        ):
            self._bulk_jobs(action, outcome).inc(now - was)
        if before.is_open and not after.is_open:
            self._bulk_ended(action, after.state.value.lower()).inc()

    @contextlib.contextmanager
    def serve_metrics(self, host: str, port: int) -> Iterator[int]:
        """Serve the counters at /metrics on a separate port. Yields the port; 0: chosen by the system.

        Raises ``OSError`` if it cannot listen on the port.
        """
        server, thread = start_http_server(port, host, self.registry)
        try:
            yield int(server.server_port)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def render(self, values: GaugeValues) -> bytes:
        """All metrics in Prometheus' text format."""
        gauges = CollectorRegistry()
        gauges.register(_Gauges(values))
        return generate_latest(self.registry) + generate_latest(gauges)


class _Gauges(Collector):
    def __init__(self, values: GaugeValues) -> None:
        self._values = values

    def collect(self) -> Iterable[Metric]:
        values = self._values
        up = GaugeMetricFamily("job_processor_store_up", "1 when the store answers")
        up.add_metric([], float(values.up))
        yield up
        workers = GaugeMetricFamily("job_processor_workers", "Workers with a recent heartbeat")
        if values.workers is not None:
            workers.add_metric([], values.workers)
        yield workers
        if values.counts is not None:
            yield from self._of_counts(values.counts)

    def _of_counts(self, counts: Counts) -> Iterable[Metric]:
        jobs = GaugeMetricFamily("job_processor_jobs", "Jobs by state", labels=["flow", "status"])
        for (flow, state), n in counts.by_state.items():
            jobs.add_metric([flow, state.value], n)
        yield jobs
        oldest = GaugeMetricFamily("job_processor_oldest_pending_seconds", "Age of the oldest due job", labels=["flow"])
        open_ = GaugeMetricFamily("job_processor_lane_open", "1 when the flow's lane is open", labels=["flow"])
        closed = GaugeMetricFamily(
            "job_processor_lane_closed", "1 for each reason that closes the flow's lane", labels=["flow", "kind"]
        )
        for flow in self._values.flows:
            due = counts.oldest_due.get(flow)
            oldest.add_metric([flow], 0.0 if due is None else max(0, self._values.now - due) / 1000)
            lane = self._values.lanes.get(flow, Lane(flow))
            spent = self._values.budgets.get(flow) is Level.USED_UP
            open_.add_metric([flow], float(lane.is_open and not spent))
            closed.add_metric([flow, "paused"], float(lane.paused))
            closed.add_metric([flow, OVER_BUDGET], float(spent))
            for trouble in Trouble:
                closed.add_metric([flow, trouble.value], float(lane.trouble is trouble))
        yield oldest
        yield open_
        yield closed
        words = "1 if at least 80 % of the flow's daily budget is used up"
        nearly = GaugeMetricFamily("job_processor_budget_nearly_used_up", words, labels=["flow"])
        for flow, used in self._values.budgets.items():
            nearly.add_metric([flow], float(used is not Level.FINE))
        yield nearly
