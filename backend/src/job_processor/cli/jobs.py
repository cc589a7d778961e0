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
    listing.add_argument(
        "--fields", metavar="NAMES", help="print these, such as status,costMicros, a job a line, in JSON"
    )
    listing.set_defaults(run=lambda c, a: c.list_jobs(a.url, a.limit, a.status, a.q, a.fields))

    groups = verbs.add_parser("groups", help="count a running server's jobs by error, flow, tag, verdict or key")
    groups.add_argument("--by", choices=("error", "flow", "tag", "verdict", "key"), default="error")
    groups.add_argument("--q", metavar="SEARCH", default="", help="which jobs, such as: flow:chat created:<2h")
    groups.add_argument("--json", action="store_true", help="print the answer of the server")
    groups.set_defaults(run=lambda c, a: c.groups(a.url, _wanted_groups(a), as_json=a.json))

    show = verbs.add_parser("show", help="print one job of a running server, with its place in the queue")
    show.add_argument("id", help="the id of the job")
    show.add_argument("--json", action="store_true", help="print the job as the server sends it")
    show.set_defaults(run=lambda c, a: c.show(a.url, a.id, as_json=a.json))

    export = verbs.add_parser("export", help="write jobs of a running server to a file, whole, newest first")
    export.add_argument("--q", metavar="SEARCH", default="", help="which jobs, such as: status:failed created:<2h")
    export.add_argument("--format", choices=("ndjson", "csv"), default="ndjson")
    export.add_argument("--fields", metavar="NAMES", help="only these of each job, such as status,costMicros")
    export.add_argument("--to", dest="file", required=True, help="path of the file")
    export.add_argument("--resume", action="store_true", help="go on after the last whole line (ndjson)")
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
