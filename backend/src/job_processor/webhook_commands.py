"""The commands for webhooks on a running server."""

from collections.abc import Mapping
from typing import Any

from job_processor.client import Client

_PATH = "/webhook-endpoints"


class WebhookCommands:
    """Methods return the exit code. They raise ``RequestFailed``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create(self, wanted: Mapping[str, object]) -> int:
        return self._made(await self._ask("POST", _PATH, wanted))

    async def change(self, endpoint_id: str, wanted: Mapping[str, object]) -> int:
        """Change the fields in ``wanted``; the others stay."""
        old = await self._ask("GET", f"{_PATH}/{endpoint_id}")
        stays = {name: old[name] for name in ("url", "events", "flows", "description")}
        self._client.print(endpoint_line(await self._ask("PUT", f"{_PATH}/{endpoint_id}", {**stays, **wanted})))
        return 0

    async def list(self) -> int:
        for one in await self._ask("GET", _PATH):
            self._client.print(endpoint_line(one))
        return 0

    async def rotate(self, endpoint_id: str, overlap_seconds: float) -> int:
        body = {"overlapSeconds": overlap_seconds}
        return self._made(await self._ask("POST", f"{_PATH}/{endpoint_id}/rotate", body))

    async def enable(self, endpoint_id: str) -> int:
        self._client.print(endpoint_line(await self._ask("POST", f"{_PATH}/{endpoint_id}/enable")))
        return 0

    async def disable(self, endpoint_id: str) -> int:
        self._client.print(endpoint_line(await self._ask("POST", f"{_PATH}/{endpoint_id}/disable")))
        return 0

    async def test(self, endpoint_id: str) -> int:
        self._client.print(delivery_line(await self._ask("POST", f"{_PATH}/{endpoint_id}/test")))
        return 0

    async def delete(self, endpoint_id: str) -> int:
        await self._client.send("DELETE", f"{_PATH}/{endpoint_id}")
        self._client.print(f"{endpoint_id}  deleted")
        return 0

    async def deliveries(self, job: str | None, endpoint: str | None, state: str | None, limit: int) -> int:
        wanted = {"jobId": job, "endpointId": endpoint, "state": state, "limit": str(limit)}
        params = {name: value for name, value in wanted.items() if value is not None}
        for one in await self._client.ask("GET", "/webhook-deliveries", params=params):
            self._client.print(delivery_line(one))
        return 0

    async def replay(self, delivery_id: str) -> int:
        self._client.print(delivery_line(await self._ask("POST", f"/webhook-deliveries/{delivery_id}/replay")))
        return 0

    def _made(self, made: Mapping[str, Any]) -> int:
        self._client.print(endpoint_line(made))
        self._client.print(made["secret"])
        return 0

    async def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        return await self._client.ask(method, path, **({} if body is None else {"json": body}))


def endpoint_line(one: Mapping[str, Any]) -> str:
    """An endpoint of the server's answer in one line."""
    state = f"disabled ({one['disabledBecause']})" if one["disabledAt"] else "enabled"
    flows = "all flows" if one["flows"] is None else f"flows {','.join(one['flows'])}"
    about = f"  {one['description']}" if one["description"] else ""
    return f"{one['id']}  {state}  {','.join(one['events'])}  {flows}  {_printable(one['url'] + about)}"


def delivery_line(one: Mapping[str, Any]) -> str:
    """A delivery of the server's answer in one line."""
    last = one["tries"][-1] if one["tries"] else None
    said = "not tried" if last is None else _printable(str(last["status"] or last["error"]))
    about = one["jobId"] or "-"
    return f"{one['id']}  {one['state']:<9}  {one['event']}  {about}  tries {len(one['tries'])}, last {said}"


def _printable(text: str) -> str:
    """The text without terminal escape sequences, because answers of receivers are untrusted."""
    return "".join(c if c.isprintable() else " " for c in text)
