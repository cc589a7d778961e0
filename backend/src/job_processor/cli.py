"""The command line: parses arguments and calls ``commands``; no logic."""

import argparse
import os
import sys
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING

from job_processor import __version__

if TYPE_CHECKING:
    from job_processor import bulk_commands
MAX_RATE = 1_000_000
_LONG_SECONDS = 366 * 86_400


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    from job_processor import commands

    try:
        code: int = args.run(commands, args)
    except commands.CommandFailed as error:
        print(f"job-processor: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("job-processor", description="The durable front door for AI work.")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")

    for name, text in (
        ("serve", "API, page and worker in one process (the usual way to start)"),
        ("api", "API and page only; needs MONGODB_URI"),
        ("worker", "worker only; needs MONGODB_URI"),
    ):
        verb = verbs.add_parser(name, help=text)
        if name != "worker":
            verb.add_argument("--host", help="address to listen on (HOST)")
            verb.add_argument("--port", help="port to listen on, 0: any free one (PORT)")
        if name == "serve":
            verb.add_argument("--data-dir", help="directory of the database (DATA_DIR)")
        verb.set_defaults(run=lambda c, a, name=name: c.start(name, _environment(a)))

    check = verbs.add_parser("check", help="check settings, flows and store, and print them")
    check.add_argument("--plans", action="store_true", help="have MongoDB explain every query, and list slow ones")
    check.add_argument(
        "--online", action="store_true", help="ask each flow's endpoint for a sign of life; sends no job"
    )
    check.set_defaults(run=lambda c, a: c.check(_environment(a), plans=a.plans, online=a.online))

    copy = verbs.add_parser("copy", help="copy all jobs from one store to another; stop the servers first")
    copy.add_argument("--from", dest="source", required=True, help="a data directory, or a mongodb:// address")
    copy.add_argument("--to", dest="target", required=True, help="a data directory, or a mongodb:// address")
    copy.set_defaults(run=lambda c, a: c.copy(a.source, a.target))

    backup = verbs.add_parser("backup", help="write all jobs to a file; the server may run")
    backup.add_argument("--to", dest="file", required=True, help="path of the file (gzip); -: standard output")
    backup.add_argument("--data-dir", help="directory of the database (DATA_DIR)")
    backup.set_defaults(run=lambda c, a: c.backup(_environment(a), a.file))

    restore = verbs.add_parser("restore", help="load all jobs of a backup into the store; stop the servers first")
    restore.add_argument("--from", dest="file", required=True, help="path of the backup file")
    restore.add_argument("--data-dir", help="directory of the database (DATA_DIR)")
    restore.set_defaults(run=lambda c, a: c.restore(_environment(a), a.file))

    submit = verbs.add_parser("submit", help="submit a prompt, or a file of them, to a running server")
    what = submit.add_mutually_exclusive_group(required=True)
    what.add_argument("prompt", nargs="?")
    what.add_argument("--file", help="a batch: one job a line (.jsonl), or one JSON object (.json)")
    submit.add_argument("--flow", help="of the prompt; of a file: of the lines that name none")
    submit.add_argument(
        "--wait",
        type=int,
        nargs="?",
        default=0,
        const=_LONG_SECONDS,
        metavar="SECONDS",
        help="wait for the result, or for the end of the batch; without a number: as long as it takes",
    )
    submit.add_argument(
        "--key", help="whose job it is (a customer, a tenant), not an API key; of a file: of the lines that name none"
    )
    submit.add_argument("--name", help="of the batch")
    submit.add_argument("--webhook", metavar="URL", help="where the end of the batch is told")
    submit.add_argument("--partial", action="store_true", help="submit the valid lines although others are not")
    submit.add_argument("--output", help="write the results of the batch to this file, one JSON object a line")
    submit.set_defaults(run=lambda c, a: _submit(c, a))

    listing = verbs.add_parser("list", help="list a running server's jobs, newest first")
    listing.add_argument("--limit", type=int, default=20)
    listing.add_argument("--status")
    listing.add_argument("--q", metavar="SEARCH", help="such as: status:failed created:<2h words")
    listing.set_defaults(run=lambda c, a: c.list_jobs(a.url, a.limit, a.status, a.q))

    export = verbs.add_parser("export", help="write jobs of a running server to a file, whole, newest first")
    export.add_argument("--q", metavar="SEARCH", default="", help="which jobs, such as: status:failed created:<2h")
    export.add_argument("--format", choices=("ndjson", "csv"), default="ndjson")
    export.add_argument("--to", dest="file", required=True, help="path of the file")
    export.add_argument("--resume", action="store_true", help="go on after the last whole line (ndjson)")
    export.set_defaults(run=lambda c, a: c.export(a.url, a.q, a.format, a.file, a.resume))

    _add_stats(verbs)
    watch = verbs.add_parser("watch", help="print changes of a running server's jobs as they happen")
    watch.set_defaults(run=lambda c, a: c.watch(a.url))
    _add_keys(verbs)
    _add_webhooks(verbs)
    _add_bulk(verbs)
    _add_sessions(verbs)
    for verb in (submit, listing, export, watch):
        verb.add_argument("--url", default="http://127.0.0.1:3000", help="URL of the server")

    openapi = verbs.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(run=lambda c, a: c.openapi())
    return parser


def _add_stats(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``stats``."""
    stats = verbs.add_parser("stats", help="print what happened over time: ends, durations, tokens")
    stats.add_argument(
        "--since", type=_since, default="24h", metavar="24h", help="an age, a date or a time; default: 24h"
    )
    stats.add_argument("--until", type=_since, metavar="TIME", help="the same; default: now")
    stats.add_argument("--step", choices=("1m", "5m", "15m", "1h", "6h", "1d"), help="default: by the range")
    stats.add_argument("--flow", help="only jobs of this flow")
    stats.add_argument("--json", action="store_true", help="print the answer of the server")
    stats.add_argument("--url", default="http://127.0.0.1:3000", help="URL of the server")
    stats.set_defaults(run=lambda c, a: c.stats(a.url, _wanted_stats(a), as_json=a.json))


def _wanted_stats(arguments: argparse.Namespace) -> dict[str, str]:
    given = {name: getattr(arguments, name) for name in ("since", "until", "step", "flow")}
    return {name: value for name, value in given.items() if value is not None}


def _since(text: str) -> str:
    from job_processor.stats_command import since

    try:
        return since(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _add_keys(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``keys create|list|revoke|rotate``."""
    keys = verbs.add_parser("keys", help="API keys: create, list, revoke, rotate (JOB_PROCESSOR_KEY: an admin key)")
    each = keys.add_subparsers(required=True, metavar="create|list|revoke|rotate")
    rights = ("read", "submit", "operate", "admin")

    create = each.add_parser("create", help="make a key and print it; it is shown this once")
    create.add_argument("name", help="what the key is for")
    create.add_argument("--right", dest="rights", action="append", required=True, choices=rights)
    create.add_argument("--flow", dest="flows", action="append", default=[], help="limit the key to this flow")
    create.add_argument("--expires-in", type=_duration, metavar="30d", help="it ends after so many s, m, h or d")
    create.add_argument("--rate", type=_rate, metavar="N", help="requests a minute; default: RATE_LIMIT_PER_KEY")
    create.set_defaults(run=lambda c, a: c.create_key(_url(a), _wanted_key(a)))

    listing = each.add_parser("list", help="list the keys, newest first")
    listing.set_defaults(run=lambda c, a: c.list_keys(_url(a)))

    revoke = each.add_parser("revoke", help="end a key at once")
    revoke.add_argument("id")
    revoke.set_defaults(run=lambda c, a: c.revoke_key(_url(a), a.id))

    rotate = each.add_parser("rotate", help="make a key in place of an old one, which ends after the overlap")
    rotate.add_argument("id")
    rotate.add_argument("--overlap", type=_duration, default=86_400.0, metavar="1d", help="default: 1d")
    rotate.set_defaults(run=lambda c, a: c.rotate_key(_url(a), a.id, a.overlap))

    for verb in (create, listing, revoke, rotate):
        where = verb.add_mutually_exclusive_group()
        where.add_argument("--url", default="http://127.0.0.1:3000", help="URL of the server")
        where.add_argument("--store", action="store_true", help="work on the store itself (MONGODB_URI or DATA_DIR)")


def _add_webhooks(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``webhooks create|list|…|deliveries|replay``."""
    webhooks = verbs.add_parser("webhooks", help="endpoints of webhooks and their deliveries")
    webhook = webhooks.add_subparsers(required=True, metavar="COMMAND")
    create = webhook.add_parser("create", help="make an endpoint and print its secret; it is shown this once")
    create.add_argument("to", metavar="URL", help="where the ends of jobs are told")
    create.set_defaults(run=lambda c, a: c.webhooks(a.url, "create", _endpoint(a)))
    change = webhook.add_parser("change", help="change what an endpoint is told, or its URL; the rest stays")
    change.add_argument("id")
    change.add_argument("--to", metavar="URL", help="where the ends of jobs are told")
    change.add_argument("--all-flows", action="store_true", help="of jobs of all flows")
    change.set_defaults(run=lambda c, a: c.webhooks(a.url, "change", a.id, _endpoint(a)))
    events = ("completed", "failed", "cancelled")
    for verb in (create, change):
        verb.add_argument("--event", dest="events", action="append", choices=events, help="may be repeated")
        verb.add_argument("--flow", dest="flows", action="append", help="of jobs of this flow only; may be repeated")
        verb.add_argument("--description", help="what or who it is for")

    listing = webhook.add_parser("list", help="list the endpoints, newest first")
    listing.set_defaults(run=lambda c, a: c.webhooks(a.url, "list"))

    rotate = webhook.add_parser("rotate", help="make a new secret; the old one signs too until the overlap is over")
    rotate.add_argument("id")
    rotate.add_argument("--overlap", type=_duration, default=86_400.0, metavar="1d", help="default: 1d")
    rotate.set_defaults(run=lambda c, a: c.webhooks(a.url, "rotate", a.id, a.overlap))

    enable = webhook.add_parser("enable", help="tell an endpoint of ends again")
    disable = webhook.add_parser("disable", help="tell an endpoint of nothing")
    test = webhook.add_parser("test", help="send an endpoint a notice that tells of nothing")
    delete = webhook.add_parser("delete", help="delete an endpoint")
    replay = webhook.add_parser("replay", help="send a delivery again, now")
    acts = {"enable": enable, "disable": disable, "test": test, "delete": delete, "replay": replay}
    for name, verb in acts.items():
        verb.add_argument("id")
        verb.set_defaults(run=lambda c, a, name=name: c.webhooks(a.url, name, a.id))

    deliveries = webhook.add_parser("deliveries", help="list deliveries, newest first")
    deliveries.add_argument("--job", help="about this job")
    deliveries.add_argument("--endpoint", help="to this endpoint")
    deliveries.add_argument("--state", choices=("pending", "delivered", "failed"))
    deliveries.add_argument("--limit", type=int, default=20)
    deliveries.set_defaults(run=lambda c, a: c.webhooks(a.url, "deliveries", a.job, a.endpoint, a.state, a.limit))
    for verb in (create, change, listing, rotate, enable, disable, test, delete, replay, deliveries):
        verb.add_argument("--url", default="http://127.0.0.1:3000", help="URL of the server")


def _endpoint(arguments: argparse.Namespace) -> dict[str, object]:
    """The fields of an endpoint that were given."""
    named = {name: getattr(arguments, name) for name in ("events", "flows", "description")}
    given = {"url": arguments.to, **named}
    every = {"flows": None} if getattr(arguments, "all_flows", False) else {}
    return {**{name: value for name, value in given.items() if value is not None}, **every}


_ACTIONS = (
    ("retry", "put FAILED and CANCELLED jobs back, under the same id"),
    ("cancel", "cancel jobs that are not final"),
    ("delete", "delete final jobs"),
    ("replay", "make new jobs from the prompts of old ones"),
)
_FILTERS = (
    ("status", "NAME", "jobs in this state, such as failed; several: separated by commas"),
    ("flow", "NAME", "jobs of this flow"),
    ("tag", "TAG", "jobs with this tag"),
    ("batch", "ID", "jobs of this batch"),
    ("q", "SEARCH", "a search, such as: error:http_500 created:<2h words"),
    ("created-after", "TIME", "RFC 3339, inclusive"),
    ("created-before", "TIME", "RFC 3339, exclusive"),
    ("ids", "IDS", "these jobs only: ids, separated by commas"),
    ("after", "ID", "jobs that are newer than this one"),
)


def _add_bulk(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``bulk retry|cancel|delete|replay|list|abort``."""
    bulk = verbs.add_parser("bulk", help="act on all jobs that match: retry, cancel, delete, replay; list, abort")
    actions = bulk.add_subparsers(required=True, metavar="retry|cancel|delete|replay|list|abort")
    made = []
    for action, text in _ACTIONS:
        act = actions.add_parser(action, help=text)
        for name, metavar, words in _FILTERS:
            act.add_argument(f"--{name}", metavar=metavar, help=words)
        act.add_argument("--all", action="store_true", help="all jobs, where no filter is given")
        act.add_argument("--limit", type=int, metavar="N", help="act on at most so many, the newest")
        if action in ("retry", "cancel"):
            act.add_argument("--reason", metavar="TEXT", help="for the history of each job")
        if action == "replay":
            act.add_argument("--to-flow", metavar="NAME", help="the flow of the new jobs; default: of each job")
        act.add_argument("--dry-run", action="store_true", help="count the jobs, and do nothing")
        act.add_argument("--yes", action="store_true", help="do not ask")
        act.set_defaults(run=lambda c, a, action=action: c.bulk(a.url, _wanted_bulk(action, a)))
        made.append(act)

    listing = actions.add_parser("list", help="list bulk actions, newest first")
    listing.set_defaults(run=lambda c, a: c.list_bulk(a.url))
    abort = actions.add_parser("abort", help="let a bulk action act on no further jobs")
    abort.add_argument("id")
    abort.set_defaults(run=lambda c, a: c.abort_bulk(a.url, a.id))
    for verb in (*made, listing, abort):
        verb.add_argument("--url", default="http://127.0.0.1:3000", help="URL of the server")


def _wanted_bulk(action: str, args: argparse.Namespace) -> "bulk_commands.Wanted":
    from job_processor import bulk_commands

    query: dict[str, object] = {}
    for name, _, _ in _FILTERS:
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            first, *others = name.split("-")
            query[first + "".join(other.capitalize() for other in others)] = value
    given = {"limit": args.limit, "reason": getattr(args, "reason", None), "flow": getattr(args, "to_flow", None)}
    fields = {name: value for name, value in given.items() if value is not None}
    return bulk_commands.Wanted(action, query, fields, args.all, args.dry_run, args.yes)


def _add_sessions(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``sessions list|end``."""
    sessions = verbs.add_parser("sessions", help="sessions of the page: list, end (JOB_PROCESSOR_KEY: an API key)")
    each = sessions.add_subparsers(required=True, metavar="list|end")
    listing = each.add_parser("list", help="list the sessions of this key, newest first")
    listing.add_argument("--everyone", action="store_true", help="of all keys and people")
    listing.set_defaults(run=lambda c, a: c.list_sessions(a.url, everyone=a.everyone))
    end = each.add_parser("end", help="end a session at once")
    end.add_argument("id")
    end.set_defaults(run=lambda c, a: c.end_session(a.url, a.id))
    for verb in (listing, end):
        verb.add_argument("--url", default="http://127.0.0.1:3000", help="URL of the server")


def _wanted_key(args: argparse.Namespace) -> object:
    from job_processor.key_commands import Wanted

    return Wanted(args.name, args.rights, args.flows, args.expires_in, args.rate)


def _rate(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:10]) <= MAX_RATE):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of requests a minute, from 1 to {MAX_RATE:,}")
    return int(text)


def _submit(commands: types.ModuleType, args: argparse.Namespace) -> int:
    code: int
    if args.file is None:
        code = commands.submit(args.url, args.prompt, args.flow, args.wait, args.key)
        return code
    from pathlib import Path

    output = None if args.output is None else Path(args.output)
    batch = commands.Batch(
        Path(args.file), args.flow, args.name, args.partial, args.wait, output, args.webhook, args.key
    )
    code = commands.submit_file(args.url, batch)
    return code


def _url(args: argparse.Namespace) -> str | None:
    """The server to work with; ``None``: the store."""
    return None if args.store else str(args.url)


def _duration(text: str) -> float:
    from job_processor.key_commands import seconds

    try:
        return seconds(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "must be a number of seconds, minutes, hours or days, like 12h or 30d"
        ) from None


def _environment(args: argparse.Namespace) -> dict[str, str]:
    """The environment, overridden by command line options."""
    environment = dict(os.environ)
    for option, name in (("host", "HOST"), ("port", "PORT"), ("data_dir", "DATA_DIR")):
        value = getattr(args, option, None)
        if value is not None:
            environment[name] = value
    return environment


if __name__ == "__main__":
    sys.exit(main())
