"""``stats`` and ``groups``: the series, the usage of keys and groups of jobs of a running server, as a table or
JSON."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from job_processor.client import Client
from job_processor.core.cost import in_words
from job_processor.core.search_values import age, moment

_COLUMNS = ("from (UTC)", "done", "failed", "cancelled", "retried", "wait", "p50", "p95", "p99", "tokens", "cost")
_GROUP_COLUMNS = ("flow", "jobs", "cost", "since (UTC)", "until (UTC)", "newest")
_KEY_COLUMNS = ("key", "prompt tokens", "answer tokens", "cost")


def since(text: str) -> str:
    """An age such as ``24h`` before now, or a date or time, in the format of the API. Raises ``ValueError``."""
    back = age(text)
    at = moment(text)[0] if back is None else max(0, int(time.time() * 1000) - back)
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


async def show(client: Client, params: Mapping[str, str], *, as_json: bool) -> int:
    """Print the series. Raises ``RequestFailed``."""
    found = await client.ask("GET", "/stats/series", params=params)
    if as_json:
        client.print(json.dumps(found))
        return 0
    currency = found["currency"]
    rows = [_row(_time(one["at"]) + ("*" if one["partial"] else ""), one, currency) for one in found["buckets"]]
    _print_table(client, (_COLUMNS, *rows, _row("total", found["total"], currency)))
    if any(one["partial"] for one in found["buckets"]):
        client.print(f"* not all of this time was counted: it is not over, or is before {_time(found['countedSince'])}")
    for code, count in found["total"]["failedByCode"].items():
        client.print(f"failed with {code}: {count:,}")
    return 0


async def show_keys(client: Client, params: Mapping[str, str], *, as_json: bool) -> int:
    """Print the usage of keys. Raises ``RequestFailed``."""
    found = await client.ask("GET", "/stats/keys", params=params)
    if as_json:
        client.print(json.dumps(found))
        return 0
    rows = [_key_row(one, found["currency"]) for one in found["keys"]]
    _print_table(client, (_KEY_COLUMNS, *rows), "No key used tokens in this time.")
    if found["more"]:
        client.print("and other keys with less usage")
    return 0


async def show_groups(client: Client, params: Mapping[str, str], *, as_json: bool) -> int:
    """Print the groups of jobs. Raises ``RequestFailed``."""
    found = await client.ask("GET", "/jobs/groups", params=params)
    if as_json:
        client.print(json.dumps(found))
        return 0
    rows = [_group_row(one, found["currency"]) for one in found["groups"]]
    _print_table(client, ((params["by"], *_GROUP_COLUMNS), *rows), "No job matches.")
    if found["more"]:
        client.print("among the newest 10,000 jobs that match")
    return 0


def _group_row(one: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    cost = "" if one["costMicros"] is None else in_words(one["costMicros"], currency)
    since, until = _time(one["since"]), _time(one["until"])
    return _printable(one["value"]), one["flow"] or "", f"{one['count']:,}", cost, since, until, one["example"]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _print_table(client: Client, rows: Sequence[tuple[str, ...]], nothing: str = "") -> None:
    """Print a table whose first row is the header. ``nothing``: printed instead if there are no other rows."""
    if len(rows) == 1 and nothing:
        client.print(nothing)
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        client.print("  ".join((first.ljust(widths[0]), *cells)))


def _key_row(one: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    name = _printable(one["key"])
    tokens = one["tokens"]
    return name, f"{tokens['prompt']:,}", f"{tokens['completion']:,}", in_words(one["costMicros"], currency)


def _row(name: str, counts: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    total = counts["durations"]["total"] or {}
    tokens = counts["tokens"]["prompt"] + counts["tokens"]["completion"]
    numbers = (counts[each] for each in ("completed", "failed", "cancelled", "retried"))
    times = (counts["waitingAgeMs"], *(total.get(each) for each in ("p50", "p95", "p99")))
    return (
        name,
        *(f"{n:,}" for n in numbers),
        *map(_duration, times),
        f"{tokens:,}",
        in_words(counts["costMicros"], currency),
    )


def _time(at: str) -> str:
    return at[:16].replace("T", " ")


def _duration(ms: int | None) -> str:
    if ms is None:
        return "-"
    if ms < 1_000:
        return f"{ms} ms"
    unit, size = ("s", 1_000) if ms < 60_000 else ("min", 60_000) if ms < 3_600_000 else ("h", 3_600_000)
    return f"{ms / size:.1f} {unit}"
