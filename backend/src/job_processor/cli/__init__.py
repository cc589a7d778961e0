"""The command line: one module a group of commands parses its arguments and calls ``commands``; no logic."""

import argparse
import os
import sys
from collections.abc import Sequence

from job_processor import __version__
from job_processor.cli import bulk, jobs, keys, server, sessions, stats, transfer, webhooks

# In the order in which they are listed by ``--help``.
_GROUPS = (server, transfer, jobs, stats, keys, webhooks, bulk, sessions)


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    from job_processor import commands

    try:
        code: int = args.run(commands, args)
        sys.stdout.flush()
    except commands.CommandFailed as error:
        print(f"job-processor: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has enough, as ``head`` has. What is left must not fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of all commands. ``run`` of what it parses takes ``commands`` and the arguments; it returns the exit
    code."""
    whole = argparse.ArgumentParser("job-processor", description="A durable job queue for AI work.")
    whole.add_argument("--version", action="version", version=__version__)
    verbs = whole.add_subparsers(required=True, metavar="COMMAND")
    for group in _GROUPS:
        group.add(verbs)
    return whole
