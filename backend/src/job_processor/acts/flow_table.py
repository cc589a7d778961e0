"""The rules of all flows, as acts and workers ask for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from job_processor.core.cost import Prices
from job_processor.core.errors import InvalidField
from job_processor.core.flow import FlowRules
from job_processor.core.job import Job


@dataclass(frozen=True, slots=True)
class FlowTable:
    """``default``: the flow of a job that names none. ``sharing``: for each flow, all flows with the same processor
    (including itself); they share that processor's execution ids. ``currency``: of all costs.
    """

    by_name: Mapping[str, FlowRules]
    default: str
    sharing: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    currency: str = "USD"

    def rules(self, flow: str) -> FlowRules:
        """The flow's rules; the defaults for a flow that is no longer defined, since its jobs may still be here."""
        return self.by_name.get(flow) or FlowRules(flow)

    def rules_of(self, job: Job) -> FlowRules:
        """The rules of the job's flow; the callback timeout is that of the flow whose processor has the job."""
        rules, via = self.rules(job.flow), job.via()
        if via is None:
            return rules
        return replace(rules, callback_timeout_seconds=self.rules(via).callback_timeout_seconds)

    def prices(self) -> Mapping[str, Prices]:
        """The prices of each flow that has some."""
        return {name: rules.prices for name, rules in self.by_name.items() if rules.prices is not None}

    def for_new_job(self, flow: str | None, allowed: frozenset[str] | None = None) -> FlowRules:
        """The rules for a submission. Raises ``InvalidField`` for an unknown flow, and with the same message for one
        that is not ``allowed`` (``None``: all are), so that a key does not learn which other flows exist."""
        names = self.by_name.keys() if allowed is None else self.by_name.keys() & allowed
        name = flow or self.default
        if name not in names:
            raise InvalidField("flow", f"must be one of: {', '.join(sorted(names))}" if names else "none may be used")
        return self.by_name[name]

    def sharing_processor(self, flow: str) -> frozenset[str]:
        """The flows whose processor is this flow's."""
        return self.sharing.get(flow, frozenset({flow}))
