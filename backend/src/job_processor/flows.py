"""Parses flows.toml. Reports all errors at once, each with its line and key."""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from job_processor.core.cost import Prices, micros
from job_processor.core.errors import SettingsInvalid
from job_processor.core.flow import FlowRules, OnInvalidResult, SharedLimit

BUILT_IN = """\
default_flow = "mock"

[flows.mock]
processor = "mock"
delay_seconds = 5
callback_timeout_seconds = 30
"""

S = TypeVar("S", bound=msgspec.Struct)
Seconds = Annotated[float, Meta(gt=0, le=604_800)]
Price = Annotated[float, Meta(ge=0, le=1_000_000)]
"""Price of a million tokens, in the currency."""
DEFAULT_CURRENCY = "USD"


class Limits(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The keys that all flows may have. ``None``: the default of the kind of processor, or no limit."""

    max_attempts: Annotated[int, Meta(ge=1, le=100)] = 3
    lease_seconds: Annotated[float, Meta(ge=2, le=3600)] = 30.0
    dispatch_timeout_seconds: Seconds | None = None
    callback_timeout_seconds: Seconds = 300.0
    backoff_base_seconds: Annotated[float, Meta(ge=0, le=3600)] = 2.0
    backoff_cap_seconds: Seconds = 300.0
    concurrency: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    rate_per_minute: Annotated[float, Meta(gt=0, le=10_000_000)] | None = None
    concurrency_per_key: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    rate_per_key: Annotated[float, Meta(gt=0, le=10_000_000)] | None = None
    limit: str | None = None
    fallback: list[str] = []
    fallback_after_seconds: Annotated[float, Meta(ge=0, le=604_800)] = 60.0
    on_invalid_result: OnInvalidResult = OnInvalidResult.KEEP
    price_input_per_million: Price | None = None
    price_output_per_million: Price | None = None
    budget_per_day: Annotated[float, Meta(gt=0, le=1_000_000_000)] | None = None

    @property
    def prices(self) -> Prices | None:
        """The prices; ``None`` if none is given. If only one is given, the other is 0."""
        if self.price_input_per_million is None and self.price_output_per_million is None:
            return None
        return Prices(micros(self.price_input_per_million or 0), micros(self.price_output_per_million or 0))


class Shared(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The keys of ``[limits.NAME]``."""

    concurrency: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    requests_per_minute: Annotated[float, Meta(gt=0, le=10_000_000)] | None = None
    tokens_per_minute: Annotated[float, Meta(gt=0, le=1_000_000_000)] | None = None


@dataclass(frozen=True, slots=True)
class ProcessorKind:
    """A kind of processor: the type of its options, and the defaults of flows that use it."""

    options: type[msgspec.Struct]
    dispatch_timeout_seconds: float = 60.0
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow of the file. ``processor``: the name of its kind of processor."""

    rules: FlowRules
    processor: str
    options: msgspec.Struct


@dataclass(frozen=True, slots=True)
class Flows:
    """All flows of the file. ``default``: the name of the default flow; ``currency``: of all prices (ISO 4217)."""

    default: str
    by_name: Mapping[str, Flow]
    currency: str = DEFAULT_CURRENCY


def load(path: Path | None, kinds: Mapping[str, ProcessorKind]) -> Flows:
    """The flows of the file, or the built-in ones if ``path`` is ``None``. Raises ``SettingsInvalid``."""
    try:
        text = BUILT_IN if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path} cannot be read: {error}") from None
    return parse(text, kinds, "flows.toml" if path is None else path.name)


def parse(text: str, kinds: Mapping[str, ProcessorKind], file: str = "flows.toml") -> Flows:
    """As ``load``, for the text of a file with this name."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(f"{file}: {error}") from None
    return _Parser(document, _lines(text), kinds, file).run()


class _Parser:
    def __init__(
        self,
        document: dict[str, Any],
        lines: Mapping[tuple[str, ...], int],
        kinds: Mapping[str, ProcessorKind],
        file: str,
    ) -> None:
        self._document, self._lines, self._kinds, self._file = document, lines, kinds, file
        self._faults: list[tuple[int, str]] = []

    def run(self) -> Flows:
        tables = self._document.get("flows")
        for key in self._document:
            if key not in ("default_flow", "currency", "flows", "limits"):
                self._fault((key,), "is not a known key; known are default_flow, currency, flows and limits")
        if not isinstance(tables, dict) or not tables:
            self._fault(("flows",), "must define at least one flow, as [flows.NAME]")
            tables = {}
        limits = self._limits(tables)
        flows = {name: self._flow(name, table, limits) for name, table in tables.items()}
        self._check_fallbacks({name: flow.rules.fallback for name, flow in flows.items() if flow is not None}, tables)
        default = self._document.get("default_flow", next(iter(flows), None))
        if flows and (not isinstance(default, str) or default not in flows):
            self._fault(("default_flow",), f"must be one of the flows: {', '.join(flows)}")
        currency = self._document.get("currency", DEFAULT_CURRENCY)
        if not isinstance(currency, str) or not re.fullmatch(r"[A-Z]{3}", currency):
            self._fault(("currency",), "must be a currency of three capital letters, such as USD (ISO 4217)")
        if self._faults:
            raise SettingsInvalid("\n".join(text for _, text in sorted(self._faults)))
        return Flows(str(default), {name: flow for name, flow in flows.items() if flow is not None}, currency)

    def _limits(self, flows: dict[str, Any]) -> dict[str, SharedLimit]:
        """The shared limits by name, each with the flows that use it."""
        tables = self._document.get("limits", {})
        if not isinstance(tables, dict):
            self._fault(("limits",), "must be tables, as [limits.NAME]")
            return {}
        found: dict[str, SharedLimit] = {}
        for name, table in tables.items():
            at = ("limits", name)
            self._check_name(at, name)
            if not isinstance(table, dict):
                self._fault(at, "must be a table")
                continue
            for key in table.keys() - set(_fields(Shared)):
                self._fault((*at, key), f"is not a known key of a limit; known are: {', '.join(_fields(Shared))}")
            named_by = tuple(flow for flow, one in flows.items() if isinstance(one, dict) and one.get("limit") == name)
            limit = self._struct(at, {k: v for k, v in table.items() if k in _fields(Shared)}, Shared)
            found[name] = SharedLimit(
                name,
                named_by,
                limit.concurrency if limit else None,
                limit.requests_per_minute if limit else None,
                limit.tokens_per_minute if limit else None,
            )
            if limit == Shared():
                self._fault(at, f"must have at least one of: {', '.join(_fields(Shared))}")
        return found

    def _check_name(self, at: tuple[str, ...], name: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
            self._fault(at, "must have a name of 1 to 64 letters, digits, dots, dashes or underscores")

    def _flow(self, name: str, table: object, shared: Mapping[str, SharedLimit]) -> Flow | None:
        at = ("flows", name)
        self._check_name(at, name)
        if not isinstance(table, dict):
            self._fault(at, "must be a table")
            return None
        kind = self._kinds.get(str(table.get("processor")))
        if kind is None:
            self._fault((*at, "processor"), f"must be one of: {', '.join(sorted(self._kinds))}")
            return None
        values = {k: v for k, v in table.items() if k != "processor"}
        limits_known = _fields(Limits)
        options_known = _fields(kind.options)
        for key in values:
            if key not in limits_known and key not in options_known:
                known = ", ".join(sorted((*options_known, *limits_known)))
                self._fault((*at, key), f"is not a known key of this processor; known are: {known}")
        limits = self._struct(at, {k: v for k, v in values.items() if k in limits_known}, Limits)
        options = self._struct(at, {k: v for k, v in values.items() if k in options_known}, kind.options)
        if limits is not None and limits.limit is not None and limits.limit not in shared:
            known = f"must be one of: {', '.join(sorted(shared))}" if shared else "needs a table with its name"
            self._fault((*at, "limit"), f"{known} ([limits.NAME])")
        if limits is not None and limits.budget_per_day is not None and limits.prices is None:
            self._fault((*at, "budget_per_day"), "needs price_input_per_million or price_output_per_million")
        if limits is None or options is None:
            return None
        timeout = limits.dispatch_timeout_seconds or kind.dispatch_timeout_seconds
        rules = FlowRules(
            name=name,
            max_attempts=limits.max_attempts,
            lease_seconds=limits.lease_seconds,
            dispatch_timeout_seconds=timeout,
            callback_timeout_seconds=limits.callback_timeout_seconds,
            backoff_base_seconds=limits.backoff_base_seconds,
            backoff_cap_seconds=limits.backoff_cap_seconds,
            concurrency=limits.concurrency if limits.concurrency is not None else kind.concurrency,
            rate_per_minute=limits.rate_per_minute,
            concurrency_per_key=limits.concurrency_per_key,
            rate_per_key=limits.rate_per_key,
            limit=None if limits.limit is None else shared.get(limits.limit),
            fallback=tuple(limits.fallback),
            fallback_after_seconds=limits.fallback_after_seconds,
            on_invalid_result=limits.on_invalid_result,
            prices=limits.prices,
            budget_per_day=None if limits.budget_per_day is None else max(1, micros(limits.budget_per_day)),
            longest_answer=_longest_answer(options),
        )
        return Flow(rules, str(table["processor"]), options)

    def _check_fallbacks(self, fallbacks: Mapping[str, tuple[str, ...]], flows: Collection[str]) -> None:
        """Each name must be another flow, and unique. Two flows may name each other, because lists are not chained."""
        for name, wanted in fallbacks.items():
            at = ("flows", name, "fallback")
            for n, other in enumerate(wanted):
                if other not in flows:
                    self._fault(at, f"names {other}, which is no flow; flows are: {', '.join(flows)}")
                elif other == name:
                    self._fault(at, "names the flow itself")
                elif other in wanted[:n]:
                    self._fault(at, f"names {other} twice")

    def _struct(self, at: tuple[str, ...], values: Mapping[str, object], wanted: type[S]) -> S | None:
        """``values`` converted to ``wanted``, key by key so that all errors are reported; ``None`` if there are any."""
        good = True
        for field in msgspec.structs.fields(wanted):
            if field.encode_name in values:
                try:
                    msgspec.convert(values[field.encode_name], field.type)
                except msgspec.ValidationError as error:
                    words = str(error).partition(" - at")[0].replace("`", "").replace("Expected", "must be", 1)
                    self._fault((*at, field.encode_name), words.partition(", got")[0])
                    good = False
            elif field.required:
                self._fault((*at, field.encode_name), "is required")
                good = False
        return msgspec.convert(values, wanted) if good else None

    def _fault(self, key: tuple[str, ...], words: str) -> None:
        where = key
        while where and where not in self._lines:
            where = where[:-1]
        line = self._lines.get(where, 1)
        self._faults.append((line, f"{self._file}:{line}: {'.'.join(key)} {words}"))


def _fields(struct: type[msgspec.Struct]) -> Sequence[str]:
    return [f.encode_name for f in msgspec.structs.fields(struct)]


def _longest_answer(options: msgspec.Struct) -> int | None:
    """The maximum length of an answer in tokens, if the options have one."""
    for name in ("max_completion_tokens", "max_tokens"):
        longest = getattr(options, name, None)
        if isinstance(longest, int):
            return longest
    return None


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The line number of each key, which tomllib does not report. Only for tables in the usual notation."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            if len(table) > 2:
                table = (table[0], ".".join(table[1:]))
            lines.setdefault(table, number)
            continue
        key = re.match(r"\s*([A-Za-z0-9_.\"'-]+)\s*=", line)
        if key:
            lines.setdefault((*table, key[1].strip("\"'")), number)
    return lines
