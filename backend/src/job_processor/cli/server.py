"""``serve|api|worker``, ``check`` and ``openapi``."""

from job_processor.cli.arguments import Verbs, environment


def add(verbs: Verbs) -> None:
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
        verb.set_defaults(run=lambda c, a, name=name: c.start(name, environment(a)))

    check = verbs.add_parser("check", help="check settings, flows and store, and print them")
    check.add_argument("--plans", action="store_true", help="have MongoDB explain every query, and list slow ones")
    check.add_argument(
        "--online", action="store_true", help="also check that each flow's endpoint answers; sends no job"
    )
    check.set_defaults(run=lambda c, a: c.check(environment(a), plans=a.plans, online=a.online))

    openapi = verbs.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(run=lambda c, a: c.openapi())
