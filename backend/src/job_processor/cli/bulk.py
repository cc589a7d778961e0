"""``bulk retry|cancel|delete|replay|list|abort``."""

import argparse
from typing import TYPE_CHECKING

from job_processor.cli.arguments import Verbs, add_url

if TYPE_CHECKING:
    from job_processor import bulk_commands

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


def add(verbs: Verbs) -> None:
    bulk = verbs.add_parser("bulk", help="act on all jobs that match: retry, cancel, delete, replay; list, abort")
    actions = bulk.add_subparsers(required=True, metavar="retry|cancel|delete|replay|list|abort")
    made = []
    for action, text in _ACTIONS:
        act = actions.add_parser(action, help=text)
        for name, metavar, words in _FILTERS:
            act.add_argument(f"--{name}", metavar=metavar, help=words)
        act.add_argument("--all", action="store_true", help="act on all jobs; required if no filter is given")
        act.add_argument("--limit", type=int, metavar="N", help="act on at most N jobs, the newest")
        if action in ("retry", "cancel"):
            act.add_argument("--reason", metavar="TEXT", help="for the history of each job")
        if action == "replay":
            act.add_argument("--to-flow", metavar="NAME", help="the flow of the new jobs; default: of each job")
        act.add_argument("--dry-run", action="store_true", help="only count the jobs")
        act.add_argument("--yes", action="store_true", help="do not ask for confirmation")
        act.set_defaults(run=lambda c, a, action=action: c.bulk(a.url, _wanted_bulk(action, a)))
        made.append(act)

    listing = actions.add_parser("list", help="list bulk actions, newest first")
    listing.set_defaults(run=lambda c, a: c.list_bulk(a.url))
    abort = actions.add_parser("abort", help="stop a bulk action after its current group of jobs")
    abort.add_argument("id")
    abort.set_defaults(run=lambda c, a: c.abort_bulk(a.url, a.id))
    add_url(*made, listing, abort)


def _wanted_bulk(action: str, args: argparse.Namespace) -> "bulk_commands.Options":
    from job_processor import bulk_commands

    query: dict[str, object] = {}
    for name, _, _ in _FILTERS:
        value = getattr(args, name.replace("-", "_"))
        if value is not None:
            first, *others = name.split("-")
            query[first + "".join(other.capitalize() for other in others)] = value
    given = {"limit": args.limit, "reason": getattr(args, "reason", None), "flow": getattr(args, "to_flow", None)}
    fields = {name: value for name, value in given.items() if value is not None}
    return bulk_commands.Options(action, query, fields, args.all, args.dry_run, args.yes)
