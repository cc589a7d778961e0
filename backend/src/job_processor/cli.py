"""The command line: parses arguments and calls ``commands``; no logic."""

import argparse
import os
import sys
from collections.abc import Sequence

from job_processor import __version__

MAX_RATE = 1_000_000


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

    submit = verbs.add_parser("submit", help="submit a prompt to a running server")
    submit.add_argument("prompt")
    submit.add_argument("--flow")
    submit.add_argument("--wait", type=int, default=0, metavar="SECONDS", help="wait for the result")
    submit.set_defaults(run=lambda c, a: c.submit(a.url, a.prompt, a.flow, a.wait))

    listing = verbs.add_parser("list", help="list a running server's jobs, newest first")
    listing.add_argument("--limit", type=int, default=20)
    listing.add_argument("--status")
    listing.set_defaults(run=lambda c, a: c.list_jobs(a.url, a.limit, a.status))

    watch = verbs.add_parser("watch", help="print changes of a running server's jobs as they happen")
    watch.set_defaults(run=lambda c, a: c.watch(a.url))
    _add_keys(verbs)
    _add_sessions(verbs)
    for verb in (submit, listing, watch):
        verb.add_argument("--url", default="http://127.0.0.1:3000", help="URL of the server")

    openapi = verbs.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(run=lambda c, a: c.openapi())
    return parser


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
    create.set_defaults(run=lambda c, a: c.create_key(_url(a), _wanted(a)))

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


def _wanted(args: argparse.Namespace) -> object:
    from job_processor.key_commands import Wanted

    return Wanted(args.name, args.rights, args.flows, args.expires_in, args.rate)


def _rate(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:10]) <= MAX_RATE):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of requests a minute, from 1 to {MAX_RATE:,}")
    return int(text)


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
