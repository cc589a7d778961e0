"""The jobs of a list's answer."""

from tests.support.asgi import Reply


def ids(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return [job["id"] for job in reply.json()]
