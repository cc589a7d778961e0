"""The command line. Each module parses the arguments of one group of commands and calls ``commands``; no logic."""

import argparse
import os
import sys
from collections.abc import Sequence

from job_processor import __version__
from job_processor.cli import bulk, jobs, keys, server, sessions, stats, transfer, webhooks

# In the order of ``--help``.
_GROUPS = (server, transfer, jobs, stats, keys, webhooks, bulk, sessions)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 2 for an error, 130 and 141 as shells do for SIGINT and SIGPIPE."""
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
        # The reader has closed the pipe, as ``head`` does. Otherwise Python would fail again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def parser() -> argparse.ArgumentParser:
    """The parser of all commands. Its result has a function ``run`` that takes the module ``commands`` and the parsed
    arguments, and returns the exit code."""
    whole = argparse.ArgumentParser("job-processor", description="A durable job queue for AI work.")
    whole.add_argument("--version", action="version", version=__version__)
    verbs = whole.add_subparsers(required=True, metavar="COMMAND")
    for group in _GROUPS:
        group.add(verbs)
    return whole
