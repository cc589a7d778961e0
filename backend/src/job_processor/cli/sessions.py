"""``sessions list|end``."""

from job_processor.cli.arguments import Verbs, add_url


def add(verbs: Verbs) -> None:
    sessions = verbs.add_parser("sessions", help="sessions of the page: list, end (JOB_PROCESSOR_KEY: an API key)")
    each = sessions.add_subparsers(required=True, metavar="list|end")
    listing = each.add_parser("list", help="list the sessions of this key, newest first")
    listing.add_argument("--everyone", action="store_true", help="list those of all keys and people")
    listing.set_defaults(run=lambda c, a: c.list_sessions(a.url, everyone=a.everyone))
    end = each.add_parser("end", help="end a session at once")
    end.add_argument("id")
    end.set_defaults(run=lambda c, a: c.end_session(a.url, a.id))
    add_url(listing, end)
