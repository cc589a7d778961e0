"""Options and types of arguments that several commands share."""

import argparse
import os
from typing import TypeAlias

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
SERVER = "http://127.0.0.1:3000"


def add_url(*verbs: argparse.ArgumentParser) -> None:
    """Add the option ``--url`` to the parsers."""
    for verb in verbs:
        verb.add_argument("--url", default=SERVER, help="URL of the server")


def duration(text: str) -> float:
    """The type of a duration argument such as ``30d``: in seconds. Raises ``ArgumentTypeError``."""
    from job_processor.key_commands import seconds

    try:
        return seconds(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "must be a number of seconds, minutes, hours or days, like 12h or 30d"
        ) from None


def environment(args: argparse.Namespace) -> dict[str, str]:
    """The environment, with the variables that command line options override."""
    given = dict(os.environ)
    for option, name in (("host", "HOST"), ("port", "PORT"), ("data_dir", "DATA_DIR")):
        value = getattr(args, option, None)
        if value is not None:
            given[name] = value
    return given
