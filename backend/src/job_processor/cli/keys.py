"""``keys create|list|revoke|rotate``."""

import argparse

from job_processor.cli.arguments import SERVER, Verbs, duration

MAX_RATE = 1_000_000


def add(verbs: Verbs) -> None:
    keys = verbs.add_parser("keys", help="API keys: create, list, revoke, rotate (JOB_PROCESSOR_KEY: an admin key)")
    each = keys.add_subparsers(required=True, metavar="create|list|revoke|rotate")
    rights = ("read", "submit", "operate", "admin")

    create = each.add_parser("create", help="make a key and print it; it is shown this once")
    create.add_argument("name", help="what the key is for")
    create.add_argument("--right", dest="rights", action="append", required=True, choices=rights)
    create.add_argument("--flow", dest="flows", action="append", default=[], help="limit the key to this flow")
    create.add_argument("--expires-in", type=duration, metavar="30d", help="validity; default: unlimited")
    create.add_argument("--rate", type=_rate, metavar="N", help="requests a minute; default: RATE_LIMIT_PER_KEY")
    create.set_defaults(run=lambda c, a: c.create_key(_url(a), _wanted_key(a)))

    listing = each.add_parser("list", help="list the keys, newest first")
    listing.set_defaults(run=lambda c, a: c.list_keys(_url(a)))

    revoke = each.add_parser("revoke", help="end a key at once")
    revoke.add_argument("id")
    revoke.set_defaults(run=lambda c, a: c.revoke_key(_url(a), a.id))

    rotate = each.add_parser("rotate", help="make a key that replaces an old one; the old one ends after the overlap")
    rotate.add_argument("id")
    rotate.add_argument("--overlap", type=duration, default=86_400.0, metavar="1d", help="default: 1d")
    rotate.set_defaults(run=lambda c, a: c.rotate_key(_url(a), a.id, a.overlap))

    for verb in (create, listing, revoke, rotate):
        where = verb.add_mutually_exclusive_group()
        where.add_argument("--url", default=SERVER, help="URL of the server")
        where.add_argument("--store", action="store_true", help="work on the store itself (MONGODB_URI or DATA_DIR)")


def _wanted_key(args: argparse.Namespace) -> object:
    from job_processor.key_commands import Options

    return Options(args.name, args.rights, args.flows, args.expires_in, args.rate)


def _rate(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:10]) <= MAX_RATE):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of requests a minute, from 1 to {MAX_RATE:,}")
    return int(text)


def _url(args: argparse.Namespace) -> str | None:
    """The URL of the server; ``None``: the command works on the store itself."""
    return None if args.store else str(args.url)
