"""``stats``."""

import argparse

from job_processor.cli.arguments import Verbs, add_url
from job_processor.core.series import Step


def add(verbs: Verbs) -> None:
    stats = verbs.add_parser("stats", help="print what happened over time: ends, durations, tokens, cost")
    stats.add_argument(
        "--since", type=_since, default="24h", metavar="24h", help="an age, a date or a time; default: 24h"
    )
    stats.add_argument("--until", type=_since, metavar="TIME", help="an age, a date or a time; default: now")
    stats.add_argument("--step", choices=tuple(map(str, Step)), help="length of a row; default: by the range")
    stats.add_argument("--flow", help="only jobs of this flow")
    stats.add_argument("--keys", action="store_true", help="print the usage of each key, by whole days (UTC)")
    stats.add_argument("--json", action="store_true", help="print the server's answer")
    add_url(stats)
    stats.set_defaults(run=lambda c, a: c.stats(a.url, _wanted_stats(a), of_keys=a.keys, as_json=a.json))


_NAMES = {False: ("since", "until", "step", "flow"), True: ("since", "until", "flow")}
"""The parameters of a request, by ``--keys``."""


def _wanted_stats(arguments: argparse.Namespace) -> dict[str, str]:
    given = {name: getattr(arguments, name) for name in _NAMES[arguments.keys]}
    return {name: value for name, value in given.items() if value is not None}


def _since(text: str) -> str:
    from job_processor.stats_command import since

    try:
        return since(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
