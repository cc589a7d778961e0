"""The composition root: builds the store, processors, loops and HTTP server of one process from the settings."""

import asyncio
import contextlib
import secrets
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import structlog
import uvicorn

from job_processor import configured, failpoints, first_key, registry
from job_processor.acts import acts_over
from job_processor.acts.flow_table import FlowTable
from job_processor.bus import Bus
from job_processor.core.errors import SettingsInvalid
from job_processor.core.ids import IdFactory
from job_processor.http import api
from job_processor.http.access import Auth
from job_processor.http.connection_limits import Limits, limits, raise_descriptors
from job_processor.http.context import Context, FlowInfo
from job_processor.http.job_filters import stored_query
from job_processor.http.protocol import GuardedProtocol
from job_processor.http.server import GracefulServer
from job_processor.processors.base import Processor
from job_processor.results import Examiners
from job_processor.settings import Settings, is_loopback
from job_processor.signing import CallbackSigner
from job_processor.telemetry import Telemetry
from job_processor.worker_loops import LoopDependencies, worker_loops
from job_processor.workers.access_watch import AccessWatch
from job_processor.workers.bulk_watch import BulkWatch
from job_processor.workers.loop import Loop
from job_processor.workers.notifier import Notifier
from job_processor.workers.proxy_names import ProxyNames

log = structlog.get_logger(__name__)
PAGE = Path(__file__).parent / "ui"
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Role:
    """The tasks of a process: serve HTTP, process jobs, or both."""

    http: bool
    works: bool


SERVE, API, WORKER = Role(True, True), Role(True, False), Role(False, True)


class App:
    """One process of the product. ``run`` returns the exit code: 0 after a signal, 1 if the store or server failed.

    ``announce``: a function that prints a line for the user. Raises ``SettingsInvalid``.
    """

    def __init__(self, settings: Settings, role: Role, announce: Callable[[str], None]) -> None:
        if role is not SERVE and not configured.make_store(settings).info.shared:
            raise SettingsInvalid(
                "MONGODB_URI must be set to run api and worker separately; with SQLite use `serve`, which is both."
            )
        try:
            failpoints.arm(settings.failpoints)
        except ValueError as error:
            raise SettingsInvalid(f"FAILPOINTS: {error}") from None
        self._settings = settings
        self._role = role
        self._announce = announce
        self._flows = configured.load_flows(settings)
        self._store = configured.make_store(settings)
        self._bus = Bus()
        self._telemetry = Telemetry()
        self._telemetry.start_at_zero(
            self._flows.by_name,
            ((name, other) for name, flow in self._flows.by_name.items() for other in flow.rules.fallback),
        )
        self._telemetry.watch_store(lambda: self._store.info.changes_arrive, self._store.queue_seconds)
        self._signer = CallbackSigner(settings.webhook_secrets)
        redactor = registry.make_redactor(self._flows, settings.environment, settings.webhook_secrets)
        self._processors = registry.make_processors(
            self._flows, configured.processor_setups(settings, self._store.now), redactor
        )
        rules = {name: flow.rules for name, flow in self._flows.by_name.items()}
        self._examiners = Examiners()
        self._acts = acts_over(
            self._store,
            FlowTable(
                rules,
                self._flows.default,
                registry.flows_sharing_executions(self._processors),
                self._flows.currency,
            ),
            IdFactory(secrets.randbits(48)),
            processors=self._processors,
            redactor=redactor,
            examiners=self._examiners,
            session_secrets=settings.webhook_secrets,
            limits=settings.limits,
            read_query=stored_query,
        )
        self._acts.facts.subscribe(self._telemetry.count)
        oidc = settings.oidc if role.http else None
        self._people = registry.make_people(oidc, settings.webhook_secrets, self._store.now)
        self._stop = asyncio.Event()
        self._failed = False
        self._limits = Limits()
        self._server: GracefulServer | None = None

    async def run(self) -> int:
        self._handle_signals()
        self._limits = limits(raise_descriptors(), self._settings.proxies)
        listening = self._bind() if self._role.http else None
        await self._store.open()
        try:
            await self._run(listening)
        finally:
            self._examiners.close()
            await self._store.close()
        return 1 if self._failed else 0

    async def _run(self, listening: socket.socket | None) -> None:
        port = self._settings.port if listening is None else int(listening.getsockname()[1])
        loops = await self._loops(port)
        opened: list[Processor] = []
        try:
            for processor in self._processors.values():
                await processor.open()
                opened.append(processor)
            if self._people is not None:
                await self._people.open()
            if listening is None:
                await self._work(loops)
            else:
                await self._serve(listening, port, loops)
        finally:
            self._bus.close()
            # Concurrently, so that the drain times of all dispatchers overlap.
            await asyncio.gather(*(loop.stop() for loop in loops))
            await self._acts.close()
            for processor in opened:
                await processor.close()
            if self._people is not None:
                await self._people.close()

    async def _work(self, loops: Sequence[Loop]) -> None:
        with contextlib.ExitStack() as stack:
            self._serve_metrics(stack)
            for loop in loops:
                loop.start()
            self._announce(f"Job Processor worker {self._settings.worker_name} is running.")
            await self._stop.wait()

    def _serve_metrics(self, stack: contextlib.ExitStack) -> None:
        """Serve the metrics on METRICS_PORT, because a worker has no API."""
        port, host = self._settings.metrics_port, self._settings.host
        if port is None:
            return
        try:
            taken = stack.enter_context(self._telemetry.serve_metrics(host, port))
        except OSError as error:
            raise SettingsInvalid(f"METRICS_PORT: cannot listen on {host}:{port}: {error.strerror}.") from None
        self._announce(f"Metrics are at http://{host}:{taken}/metrics")

    async def _serve(self, listening: socket.socket, port: int, loops: Sequence[Loop]) -> None:
        context = Context(
            store=self._store,
            acts=self._acts,
            bus=self._bus,
            signer=self._signer,
            telemetry=self._telemetry,
            flows={
                n: FlowInfo(f.rules, f.processor, registry.executions_url(f)) for n, f in self._flows.by_name.items()
            },
            max_result_bytes=self._settings.max_result_bytes,
            webhook_private_addresses=self._settings.webhook_private_addresses,
            batch_keep_ms=int(self._settings.retention_days * 86_400_000) or None,
            limits=self._limits,
            auth=Auth(self._settings.auth),
            people=self._people,
        )
        first = await self._make_first_key()
        hosts = self._hosts()
        origins, access_log = self._settings.cors_origins, self._settings.access_log
        app = api.build(context, PAGE, hosts, origins, self._settings.base_path, access_log=access_log)
        await api.warm_up(app, hosts)
        config = uvicorn.Config(
            app,
            http=GuardedProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=2048,
            timeout_keep_alive=65,
            timeout_graceful_shutdown=3,
        )
        self._server = GracefulServer(config, self._bus.close, self._limits)
        serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        serving.add_done_callback(self._serving_ended)
        await self._server.listening.wait()
        for loop in loops:
            loop.start()
        self._announce(f"Job Processor is at {self._settings.callback_base(port)}/ui/")
        if first is not None:
            self._announce(f"The first admin key is in {first}. Make keys of your own with it, then revoke it.")
        await self._stop.wait()
        # Stop the loops before the server, so that attempts can still get callbacks while they drain.
        await asyncio.gather(*(loop.stop() for loop in loops))
        self._server.should_exit = True
        await serving

    async def _loops(self, port: int) -> list[Loop]:
        watch: list[Loop] = []
        if self._role.http:
            watch += [AccessWatch(self._acts), BulkWatch(self._store, self._bus)]
        if self._role.http and self._settings.proxies.names:
            watch.append(ProxyNames(self._settings.proxies))
        if not self._role.works:
            return [Notifier(self._store, self._bus, {}), *watch]
        callback_url = f"{self._settings.callback_base(port)}/webhook/callback"
        parts = LoopDependencies(
            self._settings,
            self._acts,
            self._store,
            self._bus,
            self._flows,
            self._processors,
            self._signer,
            callback_url,
        )
        return [*await worker_loops(parts, self._fail), *watch]

    async def _make_first_key(self) -> Path | None:
        if self._settings.auth != "keys":
            return None
        return await first_key.make_if_none(self._acts.api_keys, self._settings.data_dir)

    def _hosts(self) -> Sequence[str]:
        """The names allowed in the Host header, as a protection against DNS rebinding; empty: any.

        Without ALLOWED_HOSTS these are the loopback names if HOST is a loopback address, else any. The hosts of the
        callback URL and of the sign-in redirect are always allowed.
        """
        settings = self._settings
        if not settings.allowed_hosts and not is_loopback(settings.host):
            return ()
        own = [urlsplit(settings.callback_base(0)).hostname or ""]
        if settings.oidc is not None:
            own.append(urlsplit(settings.oidc.redirect_url).hostname or "")
        names = (f"[{one}]" if ":" in one else one for one in own)
        return (*(settings.allowed_hosts or _LOOPBACK_NAMES), *names)

    def _bind(self) -> socket.socket:
        host = self._settings.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, self._settings.port))
        except OSError as error:
            listening.close()
            raise SettingsInvalid(
                f"HOST and PORT: cannot listen on {host}:{self._settings.port}: {error.strerror}."
            ) from None
        listening.setblocking(False)
        return listening

    def _serving_ended(self, serving: asyncio.Task[None]) -> None:
        """If the HTTP server has stopped by itself, exit with code 1, so that the supervisor restarts the process."""
        if not self._stop.is_set():
            log.error("server_ended")
            self._fail()

    def _fail(self) -> None:
        self._failed = True
        self._stop.set()

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self._stop.is_set() and self._server is not None:
            # The second signal: do not wait for open requests.
            self._server.force_exit = True
        self._stop.set()
