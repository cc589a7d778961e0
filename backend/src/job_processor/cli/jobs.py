"""``submit``, ``list``, ``groups``, ``show``, ``export`` and ``watch``: the jobs of a running server."""

import argparse
import types

from job_processor.cli.arguments import Verbs, add_url

_LONG_SECONDS = 366 * 86_400


def add(verbs: Verbs) -> None:
    submit = verbs.add_parser("submit", help="submit a prompt, or a file of them, to a running server")
    what = submit.add_mutually_exclusive_group(required=True)
    what.add_argument("prompt", nargs="?")
    what.add_argument("--file", help="a batch: one job a line (.jsonl), or one JSON object (.json)")
    submit.add_argument("--flow", help="the flow of the job; with --file: of lines without one")
    submit.add_argument(
        "--wait",
        type=int,
        nargs="?",
        default=0,
        const=_LONG_SECONDS,
        metavar="SECONDS",
        help="wait for the result, or for the end of the batch; without a number: without a timeout",
    )
    submit.add_argument(
        "--key", help="the customer or tenant of the job, not an API key; with --file: of lines without one"
    )
    submit.add_argument("--name", help="name of the batch")
    submit.add_argument("--webhook", metavar="URL", help="URL that is notified of the end of the batch")
    submit.add_argument("--partial", action="store_true", help="submit the valid lines even if others are invalid")
    submit.add_argument("--output", help="write the results of the batch to this file, one JSON object a line")
    submit.set_defaults(run=lambda c, a: _submit(c, a))

    listing = verbs.add_parser("list", help="list a running server's jobs, newest first")
    listing.add_argument("--limit", type=int, default=20)
    listing.add_argument("--status")
    listing.add_argument("--q", metavar="SEARCH", help="search, such as: status:failed created:<2h words")
    listing.add_argument(
        "--fields",
        metavar="NAMES",
        help="print only these fields, such as status,costMicros, one JSON object a line",
    )
    listing.set_defaults(run=lambda c, a: c.list_jobs(a.url, a.limit, a.status, a.q, a.fields))

    groups = verbs.add_parser("groups", help="count a running server's jobs by error, flow, tag, verdict or key")
    groups.add_argument("--by", choices=("error", "flow", "tag", "verdict", "key"), default="error")
    groups.add_argument("--q", metavar="SEARCH", default="", help="search, such as: flow:chat created:<2h")
    groups.add_argument("--json", action="store_true", help="print the server's answer")
    groups.set_defaults(run=lambda c, a: c.groups(a.url, _wanted_groups(a), as_json=a.json))

    show = verbs.add_parser("show", help="print one job of a running server, with its place in the queue")
    show.add_argument("id", help="the id of the job")
    show.add_argument("--json", action="store_true", help="print the job as the server sends it")
    show.set_defaults(run=lambda c, a: c.show(a.url, a.id, as_json=a.json))

    export = verbs.add_parser("export", help="write jobs of a running server to a file, with all fields, newest first")
    export.add_argument("--q", metavar="SEARCH", default="", help="search, such as: status:failed created:<2h")
    export.add_argument("--format", choices=("ndjson", "csv"), default="ndjson")
    export.add_argument("--fields", metavar="NAMES", help="write only these fields, such as status,costMicros")
    export.add_argument("--to", dest="file", required=True, help="path of the file")
    export.add_argument(
        "--resume", action="store_true", help="continue after the last complete line of the file (ndjson)"
    )
    export.set_defaults(run=lambda c, a: c.export(a.url, _wanted_jobs(a), a.format, a.file, a.resume))

    watch = verbs.add_parser("watch", help="print changes of a running server's jobs as they happen")
    watch.set_defaults(run=lambda c, a: c.watch(a.url))
    add_url(submit, listing, groups, show, export, watch)


def _wanted_groups(args: argparse.Namespace) -> dict[str, str]:
    return {"by": args.by} | ({"q": args.q} if args.q else {})


def _wanted_jobs(args: argparse.Namespace) -> dict[str, str]:
    return {name: value for name, value in (("q", args.q), ("fields", args.fields)) if value}


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
