"""The commands for bulk actions on a running server: count, confirm, start, show progress, abort, list."""

import asyncio
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from job_processor.client import Client, RequestFailed
from job_processor.core.bulk import OPEN

POLL_SECONDS = 0.5
_OPEN = frozenset(state.value for state in OPEN)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a bulk action. ``action``: retry, cancel, delete or replay. ``query``: the filters as the API has
    them. ``everything``: allows a query without filters. ``confirmed``: do not ask for confirmation."""

    action: str
    query: Mapping[str, object]
    fields: Mapping[str, object] = field(default_factory=dict)
    """Other fields of the request: ``limit``, ``reason``, ``flow``."""
    everything: bool = False
    dry_run: bool = False
    confirmed: bool = False


async def run(client: Client, wanted: Options) -> int:
    """Count the jobs, ask for confirmation, start the bulk action and wait for its end. Raises ``RequestFailed``.

    Returns the exit code: 0 if the bulk action is DONE and failed for no job, else 1.
    """
    if not wanted.query and not wanted.everything:
        raise RequestFailed("Give a filter, such as --status failed, or --all for all jobs.")
    body = {"action": wanted.action, "query": wanted.query, **wanted.fields}
    counted = await client.ask("POST", "/bulk-actions", json={**body, "dryRun": True})
    number = f"{'more than ' if counted['more'] else ''}{counted['count']:,}"
    jobs = "job" if counted["count"] == 1 and not counted["more"] else "jobs"
    client.print(f"{number} {jobs} {'matches' if jobs == 'job' else 'match'}.")
    if wanted.dry_run or not counted["count"]:
        return 0
    if not wanted.confirmed and not _agreed(f"{wanted.action} {number} {jobs}?"):
        client.print("Nothing was done.")
        return 1
    # The idempotency key prevents a second bulk action if the request is retried after a connection error.
    headers = {"idempotency-key": secrets.token_hex(16)}
    action = await client.ask_again("POST", "/bulk-actions", json=body, headers=headers)
    try:
        return _report(client, await _ended(client, action))
    except asyncio.CancelledError:
        print(file=sys.stderr)
        client.print(f"The bulk action continues: {action['id']}. To abort it: job-processor bulk abort {action['id']}")
        raise


async def listed(client: Client) -> int:
    """Print the bulk actions, newest first. Returns the exit code. Raises ``RequestFailed``."""
    for action in await client.ask("GET", "/bulk-actions"):
        client.print(_line(action))
    return 0


async def abort(client: Client, action_id: str) -> int:
    """Abort a bulk action and wait for its end. Returns the exit code. Raises ``RequestFailed``."""
    action = await client.ask("POST", f"/bulk-actions/{action_id}/abort")
    return _report(client, await _ended(client, action), aborted=0)


async def _ended(client: Client, action: Any) -> Any:
    while action["status"] in _OPEN:
        _progress(action)
        await asyncio.sleep(POLL_SECONDS)
        action = await client.ask("GET", f"/bulk-actions/{action['id']}")
    _progress(action)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return action


def _agreed(question: str) -> bool:
    """Ask for confirmation. Raises ``RequestFailed`` if standard input is not a terminal."""
    if not sys.stdin.isatty():
        raise RequestFailed("Standard input is not a terminal, so confirmation is not possible; add --yes.")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _handled(action: Mapping[str, Any]) -> int:
    return int(action["done"] + sum(action["skipped"].values()) + sum(action["failed"].values()))


def _progress(action: Mapping[str, Any]) -> None:
    if sys.stderr.isatty():
        done, total = _handled(action), max(action["matched"], _handled(action), 1)
        filled = 40 * done // total
        more = "+" if action["more"] else ""
        bar = f"[{'#' * filled}{'.' * (40 - filled)}]"
        waits = action["waitsFor"] or ""
        print(f"\r{bar} {done:,} of {total:,}{more} {waits:<20}", end="", file=sys.stderr, flush=True)


def _line(action: Mapping[str, Any]) -> str:
    counts = [f"{action['done']:,} done"]
    for word in ("skipped", "failed"):
        counts += [f"{n:,} {word} ({code})" for code, n in action[word].items()]
    return f"{action['id']}  {action['status']:<8}  {action['action']:<6}  {', '.join(counts)}"


def _report(client: Client, action: Mapping[str, Any], aborted: int = 1) -> int:
    client.print(_line(action))
    if action["failed"]:
        return 1
    done: bool = action["status"] == "DONE"
    return 0 if done else aborted
