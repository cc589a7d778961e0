"""The command: parses, calls; no logic."""

import argparse
import os
import sys
from collections.abc import Sequence

from job_processor import __version__


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    from job_processor import commands

    try:
        code: int = args.run(commands, args)
    except commands.Refused as refusal:
        print(f"job-processor: {refusal}", file=sys.stderr)
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
            verb.add_argument("--port", help="port to listen on, 0: a free one (PORT)")
        if name == "serve":
            verb.add_argument("--data-dir", help="directory of the database (DATA_DIR)")
        verb.set_defaults(run=lambda c, a, name=name: c.start(name, _environment(a)))

    check = verbs.add_parser("check", help="check settings, flows and store, and say what would be used")
    check.set_defaults(run=lambda c, a: c.check(_environment(a)))

    openapi = verbs.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(run=lambda c, a: c.openapi())
    return parser


def _environment(args: argparse.Namespace) -> dict[str, str]:
    """The environment, with what the command line says in its place."""
    environment = dict(os.environ)
    for option, name in (("host", "HOST"), ("port", "PORT"), ("data_dir", "DATA_DIR")):
        value = getattr(args, option, None)
        if value is not None:
            environment[name] = value
    return environment


if __name__ == "__main__":
    sys.exit(main())
