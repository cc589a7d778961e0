"""Answers of the fake n8n, and of what stands before it, that start no execution."""

from collections.abc import Callable, Mapping

from aiohttp import web

from tests.n8n.fake_executions import Received
from tests.n8n.fake_n8n import Behaviour, FakeN8n


def starting() -> Behaviour:
    """The first moments of a start: 200 and a web page."""
    page = "<html><head></head><body>n8n is starting up. Please wait</body></html>"
    return _just(lambda: web.Response(text=page, content_type="text/html"))


def not_published() -> Behaviour:
    """No such webhook: the workflow is not published, or n8n has only just started."""
    message = 'The requested webhook "POST job-processor" is not registered.'
    hint = "The workflow must be active for a production URL to run successfully."
    return _just(lambda: web.json_response({"code": 404, "message": message, "hint": hint}, status=404))


def wrong_token() -> Behaviour:
    return _just(lambda: web.Response(status=403, text="Authorization data is wrong!"))


def refused_payload() -> Behaviour:
    """The workflow will not have this job: a fault of the job, not of the lane."""
    return _just(lambda: web.json_response({"error": "jobId, prompt and callbackUrl are required"}, status=400))


def server_error(status: int = 500) -> Behaviour:
    return _just(lambda: web.json_response({"code": 0, "message": "Internal Server Error"}, status=status))


def rate_limited(headers: Mapping[str, str]) -> Behaviour:
    """A proxy before n8n says 429, in one of the forms there are."""
    return _just(lambda: web.Response(status=429, headers=dict(headers), text="Too Many Requests"))


def accept_another() -> Behaviour:
    """202 for somebody else's job: no proof that ours was taken."""
    other = {"accepted": True, "jobId": "0" * 24, "executionId": "1"}
    return _just(lambda: web.json_response(other, status=202))


def accept_without_proof(body: object = None) -> Behaviour:
    """202 whose body does not say that our job was accepted."""
    return _just(lambda: web.json_response({"message": "Workflow was started"} if body is None else body, status=202))


def _just(make: Callable[[], web.Response]) -> Behaviour:
    async def behave(fake: FakeN8n, received: Received) -> web.Response:
        return make()

    return behave
