"""The HTTP application over the real acts and a real SQLite store, in the test's own event loop."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from job_processor.acts import Acts, acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.bus import Bus
from job_processor.core import permits
from job_processor.core.flow import FlowRules
from job_processor.core.ids import IdFactory
from job_processor.core.job import Attempt, Job
from job_processor.core.outcome import Outcome, Reported
from job_processor.http import api
from job_processor.http.access import Auth
from job_processor.http.connection_limits import Limits
from job_processor.http.context import Context, FlowInfo
from job_processor.http.job_filters import stored_query
from job_processor.oidc.base import People
from job_processor.processors.base import Dispatch, Processor
from job_processor.signing import CallbackSigner
from job_processor.store.base import Claim, Store
from job_processor.store.sqlite.store import SqliteStore
from job_processor.telemetry import Telemetry
from job_processor.workers.dispatcher import Dispatcher
from job_processor.workers.loop import Loop
from job_processor.workers.notifier import Notifier
from tests.support import empty_sqlite
from tests.support.asgi import Client, Reply

SECRET = "a-callback-secret-of-these-tests"
OLD_SECRET = "the-callback-secret-before-that-one"
NO_RATES = permits.Limits()
DEFAULT = FlowRules("main", max_attempts=3, lease_seconds=30, callback_timeout_seconds=60)


@dataclass(slots=True)
class Site:
    store: Store
    acts: Acts
    bus: Bus
    signer: CallbackSigner
    telemetry: Telemetry
    context: Context
    app: ASGIApp
    client: Client
    dispatchers: dict[str, Dispatcher]
    loops: list[Loop]
    cancels: list[tuple[str, str, int]] = field(default_factory=list)
    """The cancels that were passed on to processors: (flow, job id, attempt)."""

    async def submit(self, prompt: str = "Say hello", **fields: object) -> dict[str, Any]:
        reply = await self.client.post("/jobs", {"prompt": prompt, **fields})
        assert reply.status == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    async def job(self, job_id: str) -> dict[str, Any]:
        reply = await self.client.get(f"/jobs/{job_id}")
        assert reply.status == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def stored(self, job_id: str) -> Job:
        job = await self.store.get(job_id)
        assert job is not None
        return job

    async def claim(self, flow: str = "main", owner: str = "w1") -> Job:
        """Claim the only due job; returns it, RUNNING."""
        [job] = (await self.store.claim(Claim(self.acts.flows.rules(flow), 1, owner))).jobs
        return job

    async def say(self, job: Job, outcome: Outcome) -> Job:
        """Record the outcome of the worker that holds the job's lease; it must be written."""
        assert job.lease is not None
        moved = await self.acts.signals.send(job.id, Reported(outcome, job.attempt, job.lease.token))
        assert moved.written
        return moved.job

    def token(self, job_id: str, attempt: int = 1, seconds: int = 600) -> str:
        return self.signer.token(job_id, attempt, self.store.now() // 1000 + seconds)

    async def callback(
        self,
        report: Mapping[str, object],
        *,
        secret: str | None = SECRET,
        token: str | None = None,
        path: str = "/webhook/callback",
    ) -> Reply:
        headers = {}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        elif secret is not None:
            headers["x-webhook-secret"] = secret
        return await self.client.post(path, dict(report), headers)


@dataclass(frozen=True, slots=True)
class _ToldOfCancels:
    """The processor of a flow as acts know it: only cancels are passed on to it."""

    flow: str
    cancels: list[tuple[str, str, int]]
    sends_to: str = "the test"

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def run(self, dispatch: Dispatch) -> Outcome:
        raise AssertionError("a dispatcher has its own processor")

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        self.cancels.append((self.flow, job_id, attempt.number))
        return None


def no_jitter() -> float:
    return 0.5


@contextlib.asynccontextmanager
async def open_site(
    directory: Path,
    *,
    now: Callable[[], int] | None = None,
    flows: Sequence[FlowRules] = (DEFAULT,),
    processors: Mapping[str, Processor] | None = None,
    page: Path | None = None,
    hosts: Sequence[str] = (),
    origins: Sequence[str] = (),
    loops: Callable[[Site], Sequence[Loop]] | None = None,
    slots: int = 1_000,
    store: Store | None = None,
    limits: Limits | None = None,
    base_path: str = "",
    auth: Auth = Auth.OFF,
    people: People | None = None,
    rates: permits.Limits = NO_RATES,
) -> AsyncIterator[Site]:
    """``processors``: a dispatcher runs for each flow named in it. ``loops``: more to run beside the notifier.

    ``store``: an open one; without it SQLite in the directory.
    """
    if store is None:
        empty_sqlite.provide(directory)
        store = SqliteStore(directory, now)
        await store.open()
    bus, telemetry, signer = Bus(), Telemetry(), CallbackSigner((SECRET, OLD_SECRET))
    rules = {flow.name: flow for flow in flows}
    ids = IdFactory(0x123456789ABC)
    cancels: list[tuple[str, str, int]] = []
    told = {name: _ToldOfCancels(name, cancels) for name in rules}
    table = FlowTable(rules, flows[0].name)
    acts = acts_over(
        store,
        table,
        ids,
        processors=told,
        jitter=no_jitter,
        session_secrets=(SECRET,),
        limits=rates,
        read_query=stored_query,
    )
    acts.facts.subscribe(telemetry.count)
    context = Context(
        store=store,
        acts=acts,
        bus=bus,
        signer=signer,
        telemetry=telemetry,
        flows={flow.name: FlowInfo(flow, "test") for flow in flows},
        limits=limits or Limits(),
        auth=auth,
        people=people,
    )

    def callback_token(job: Job) -> str:
        return signer.token(job.id, job.attempt, store.now() // 1000 + 600)

    dispatchers = {
        name: Dispatcher(
            acts=acts,
            store=store,
            rules=rules[name],
            processor=processor,
            owner="w1",
            callback_url="http://127.0.0.1:1/webhook/callback",
            callback_token=callback_token,
            slots=slots,
        )
        for name, processor in (processors or {}).items()
    }
    app = api.build(context, page or directory / "no-page", hosts, origins, base_path)
    for one in dispatchers.values():
        one.take_from(dispatchers)
    running: list[Loop] = [Notifier(store, bus, dispatchers), *dispatchers.values()]
    site = Site(store, acts, bus, signer, telemetry, context, app, Client(app), dispatchers, running, cancels)
    if loops is not None:
        running.extend(loops(site))
    for loop in running:
        loop.start()
    try:
        yield site
    finally:
        bus.close()
        for loop in running:
            await loop.stop()
        await store.close()
