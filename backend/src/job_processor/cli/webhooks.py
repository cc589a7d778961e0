"""``webhooks create|list|…|deliveries|replay``."""

import argparse

from job_processor.cli.arguments import Verbs, add_url, duration


def add(verbs: Verbs) -> None:
    webhooks = verbs.add_parser("webhooks", help="endpoints of webhooks and their deliveries")
    webhook = webhooks.add_subparsers(required=True, metavar="COMMAND")
    create = webhook.add_parser("create", help="make an endpoint and print its secret; it is shown this once")
    create.add_argument("to", metavar="URL", help="URL that is notified of the ends of jobs")
    create.set_defaults(run=lambda c, a: c.webhooks(a.url, "create", _endpoint(a)))
    change = webhook.add_parser("change", help="change the events, flows or URL of an endpoint; the rest stays")
    change.add_argument("id")
    change.add_argument("--to", metavar="URL", help="URL that is notified of the ends of jobs")
    change.add_argument("--all-flows", action="store_true", help="notify of jobs of all flows")
    change.set_defaults(run=lambda c, a: c.webhooks(a.url, "change", a.id, _endpoint(a)))
    events = ("completed", "failed", "cancelled")
    for verb in (create, change):
        verb.add_argument("--event", dest="events", action="append", choices=events, help="an event; may be repeated")
        verb.add_argument("--flow", dest="flows", action="append", help="only jobs of this flow; may be repeated")
        verb.add_argument("--description", help="a description of the endpoint")

    listing = webhook.add_parser("list", help="list the endpoints, newest first")
    listing.set_defaults(run=lambda c, a: c.webhooks(a.url, "list"))

    rotate = webhook.add_parser("rotate", help="make a new secret; the old one stays valid for the overlap")
    rotate.add_argument("id")
    rotate.add_argument("--overlap", type=duration, default=86_400.0, metavar="1d", help="default: 1d")
    rotate.set_defaults(run=lambda c, a: c.webhooks(a.url, "rotate", a.id, a.overlap))

    enable = webhook.add_parser("enable", help="send notices to an endpoint again")
    disable = webhook.add_parser("disable", help="send no notices to an endpoint")
    test = webhook.add_parser("test", help="send a test notice to an endpoint")
    delete = webhook.add_parser("delete", help="delete an endpoint")
    replay = webhook.add_parser("replay", help="send a delivery again, now")
    acts = {"enable": enable, "disable": disable, "test": test, "delete": delete, "replay": replay}
    for name, verb in acts.items():
        verb.add_argument("id")
        verb.set_defaults(run=lambda c, a, name=name: c.webhooks(a.url, name, a.id))

    deliveries = webhook.add_parser("deliveries", help="list deliveries, newest first")
    deliveries.add_argument("--job", help="about this job")
    deliveries.add_argument("--endpoint", help="to this endpoint")
    deliveries.add_argument("--state", choices=("pending", "delivered", "failed"))
    deliveries.add_argument("--limit", type=int, default=20)
    deliveries.set_defaults(run=lambda c, a: c.webhooks(a.url, "deliveries", a.job, a.endpoint, a.state, a.limit))
    add_url(create, change, listing, rotate, enable, disable, test, delete, replay, deliveries)


def _endpoint(arguments: argparse.Namespace) -> dict[str, object]:
    """The fields of an endpoint that were given as options."""
    named = {name: getattr(arguments, name) for name in ("events", "flows", "description")}
    given = {"url": arguments.to, **named}
    every = {"flows": None} if getattr(arguments, "all_flows", False) else {}
    return {**{name: value for name, value in given.items() if value is not None}, **every}
