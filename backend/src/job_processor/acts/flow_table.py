"""The rules of all flows, as acts and workers ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from job_processor.core.errors import InvalidField
from job_processor.core.flow import FlowRules


@dataclass(frozen=True, slots=True)
class FlowTable:
    """``default``: the flow of a job that names none. ``sharing``: of a flow, all flows with the same processor behind
    them (itself included); they share that processor's execution ids. ``currency``: of all costs.
    """

    by_name: Mapping[str, FlowRules]
    default: str
    sharing: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    currency: str = "USD"

    def rules(self, flow: str) -> FlowRules:
        """The flow's rules; the defaults for a flow that is no longer defined, since its jobs may still be here."""
        return self.by_name.get(flow) or FlowRules(flow)

    def for_new_job(self, flow: str | None, allowed: frozenset[str] | None = None) -> FlowRules:
        """The rules for a submission. Raises ``InvalidField`` for an unknown flow, and in the same words for one that
        is not ``allowed`` (``None``: all are)."""
        names = self.by_name.keys() if allowed is None else self.by_name.keys() & allowed
        name = flow or self.default
        if name not in names:
            raise InvalidField("flow", f"must be one of: {', '.join(sorted(names))}" if names else "none may be used")
        return self.by_name[name]

    def sharing_processor(self, flow: str) -> frozenset[str]:
        """The flows whose processor is this flow's."""
        return self.sharing.get(flow, frozenset({flow}))
