"""Health checks of model servers, by requests that cost nothing."""

import json
from collections.abc import Callable, Mapping

from yarl import URL

from job_processor.core.outcome import HandOver, LaneClosed, LaneServerError
from job_processor.outgoing.session import Outgoing
from job_processor.outgoing.text import one_line
from job_processor.processors.answers.meaning import detail_of, judge_status
from job_processor.processors.health import Health, ask

_NAMED = 5
"""Maximum number of models that are named when the flow's model is not among them."""


async def is_listed(
    outgoing: Outgoing, url: URL, now: Callable[[], int], headers: Mapping[str, str], model: str
) -> Health:
    """Check that the server's list of models contains this one. ``url``: the URL of the list."""
    reply = await ask(outgoing, "GET", url, now, {"Accept": "application/json", **headers})
    return reply if isinstance(reply, Health) else _found_among(reply.body, model)


async def knows_deployment(
    outgoing: Outgoing, url: URL, now: Callable[[], int], headers: Mapping[str, str], deployment: str
) -> Health:
    """Check that Azure has the deployment, by a completion without messages. Azure rejects it only after it has
    accepted address, credentials and deployment. ``url``: the URL of chat completions."""
    body = json.dumps({"model": deployment, "messages": []}).encode()
    reply = await outgoing.request("POST", url, body, {"Content-Type": "application/json", **headers})
    if isinstance(reply, HandOver):
        return Health(False, detail_of(reply))
    meaning = judge_status(reply.status, reply.headers, reply.body, now(), {"model": "deployment"})
    if meaning is not None and isinstance(meaning.lane, (LaneClosed, LaneServerError)):
        return Health(False, detail_of(meaning))
    return Health(True, f"The model server answers, and has the deployment {deployment}.")


def _found_among(body: bytes, model: str) -> Health:
    """The result from a list of models. A list in another format than OpenAI's counts as healthy."""
    try:
        names = [str(entry["id"]) for entry in json.loads(body)["data"]]
    except (ValueError, RecursionError, LookupError, TypeError):
        return Health(True, "The model server answers, with a list of models that is not in OpenAI's format.")
    if model in names:
        return Health(True, f"The model server answers, and lists {one_line(model)}.")
    some = ", ".join(one_line(name, 60) for name in names[:_NAMED]) or "none"
    more = ", …" if len(names) > _NAMED else ""
    return Health(False, f"The model server answers, but does not list {one_line(model)}. It lists: {some}{more}")
