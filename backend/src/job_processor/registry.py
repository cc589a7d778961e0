"""The registry of processors. Modules of processors, and Authlib, are imported only if the configuration uses them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import cast

import msgspec

from job_processor.core.errors import ProcessorUnusable, SettingsInvalid
from job_processor.core.redaction import Redactor, secrets_in
from job_processor.flows import Flow, Flows, ProcessorKind
from job_processor.oidc.base import People
from job_processor.oidc.options import OidcOptions
from job_processor.processors.base import Processor, ProcessorSetup, Reconciler
from job_processor.processors.redacted import redacted

# kind: (module, options class, processor class, default dispatch timeout in seconds, default concurrency)
_KINDS: Mapping[str, tuple[str, str, str, float, int | None]] = {
    "mock": ("mock", "MockOptions", "MockProcessor", 30.0, None),
    "webhook": ("webhook", "WebhookOptions", "WebhookProcessor", 30.0, None),
    "http": ("http.processor", "EndpointOptions", "EndpointProcessor", 300.0, 20),
    "n8n": ("n8n.processor", "N8nOptions", "N8nProcessor", 60.0, 20),
    "openai": ("model.openai", "OpenAIOptions", "OpenAIProcessor", 300.0, 20),
    "azure-openai": ("model.azure_openai", "AzureOpenAIOptions", "AzureOpenAIProcessor", 300.0, 20),
    "python": ("python.processor", "PythonOptions", "PythonProcessor", 300.0, None),
}
_Factory = Callable[[msgspec.Struct, ProcessorSetup], Processor]


class ProcessorKinds(Mapping[str, ProcessorKind]):
    """The kinds of processors by name. A kind's module is imported on first access, because some imports are slow."""

    def __getitem__(self, name: str) -> ProcessorKind:
        module, options, _, timeout, concurrency = _KINDS[name]
        struct = cast(type[msgspec.Struct], getattr(_module(module), options))
        return ProcessorKind(struct, timeout, concurrency)

    def __iter__(self) -> Iterator[str]:
        return iter(_KINDS)

    def __len__(self) -> int:
        return len(_KINDS)


def make_redactor(flows: Flows, environment: Mapping[str, str], secrets: Iterable[str]) -> Redactor:
    """A Redactor for ``secrets``, for the environment variables that options of flows name (such as ``api_key_env``),
    and for variables whose names look like secrets, because Python functions may use them."""
    named: set[str] = set()
    for flow in flows.by_name.values():
        for option, value in msgspec.structs.asdict(flow.options).items():
            if option.endswith("_env"):
                named.update(value.values() if isinstance(value, dict) else [value] if value else [])
    return Redactor([*secrets, *secrets_in(environment, named)])


def make_processors(
    flows: Flows, setup_of: Callable[[Flow], ProcessorSetup], redactor: Redactor | None = None
) -> dict[str, Processor]:
    """The processor of each flow, wrapped so that its texts are redacted.

    Raises ``SettingsInvalid`` with a line for each flow whose processor cannot be created.
    """
    redactor = redactor or Redactor()
    built: dict[str, Processor] = {}
    faults: list[str] = []
    for name, flow in flows.by_name.items():
        module, _, processor, _, _ = _KINDS[flow.processor]
        factory = cast(_Factory, getattr(_module(module), processor))
        try:
            built[name] = redacted(factory(flow.options, setup_of(flow)), redactor)
        except (ProcessorUnusable, ValueError) as error:
            faults.append(f"flow {name}: {error}")
    if faults:
        raise SettingsInvalid("\n".join(faults))
    return built


def make_people(options: OidcOptions | None, secrets: Sequence[str], now: Callable[[], int]) -> People | None:
    """The sign-in with an identity provider; ``None`` if it is not configured. ``secrets``: those of the server, for
    signatures; ``now``: the store's clock in milliseconds."""
    if options is None:
        return None
    from job_processor.oidc.people import OidcPeople
    from job_processor.oidc.provider import Provider

    return OidcPeople(Provider(options), options, secrets, now)


def flows_sharing_executions(processors: Mapping[str, Processor]) -> dict[str, frozenset[str]]:
    """For each flow whose processor has execution ids: all flows (including itself) of the same instance."""
    instances = {name: one.instance for name, one in processors.items() if isinstance(one, Reconciler)}
    return {name: frozenset(n for n, other in instances.items() if other == one) for name, one in instances.items()}


def executions_url(flow: Flow) -> str | None:
    """The URL of the flow's executions for people, to which ``/`` and an execution id are appended; ``None``: unknown.

    Raises ``ProcessorUnusable`` if the options are invalid."""
    url = getattr(flow.options, "executions_url", None)
    return url if isinstance(url, str) else None


def _module(name: str) -> object:
    return import_module(f"job_processor.processors.{name}")
