"""A real n8n, driven through scripts/n8n/n8n and, for what a person does in its editor, through its API."""

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, CookieJar

from .processes import Process, until

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPT = REPOSITORY / "scripts" / "n8n" / "n8n"
WORKFLOW_ID = "jpMain0000000001"
ERROR_WORKFLOW_ID = "jpErrorWf0000001"


def is_installed() -> bool:
    folder = Path(os.environ.get("N8N_DIR", REPOSITORY / ".cache" / "n8n"))
    return (folder / "app" / "node_modules" / "n8n" / "bin" / "n8n").is_file()


@dataclass(slots=True)
class RealN8n:
    """``home`` holds its database. ``environment`` has N8N_TOKEN, WEBHOOK_SECRET and PUBLIC_URL."""

    home: Path
    port: int
    environment: Mapping[str, str]
    api_key: str = ""
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {
            **self.environment,
            "N8N_USER_FOLDER": str(self.home),
            "N8N_PORT": str(self.port),
        }
        self.home.mkdir(parents=True, exist_ok=True)
        self.process = Process([str(SCRIPT), "run"], self.environment, self.home / "n8n.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook_url(self) -> str:
        return self.webhook("job-processor")

    def webhook(self, path: str) -> str:
        return f"{self.url}/webhook/{path}"

    def setup(self) -> None:
        """Import credentials and workflows, publish them. It must be stopped."""
        self._script("setup")

    def add(self, folder: Path, ids: Sequence[str]) -> None:
        """Import the workflows of a folder, and publish these. It must be stopped."""
        self._script("cli", "import:workflow", "--separate", f"--input={folder}")
        for workflow_id in ids:
            self._script("cli", "publish:workflow", f"--id={workflow_id}")

    def _script(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(SCRIPT), *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    async def start(self, published: bool = True) -> float:
        """Start, wait until the webhook answers as it should; the seconds it took."""
        self.process.start()
        wanted = 403 if published else 404
        return await until(f"n8n's webhook answers {wanted}", lambda: self._answers(wanted), seconds=180)

    async def _answers(self, wanted: int) -> bool:
        assert self.process.alive, f"n8n ended:\n{self.process.tail()}"
        return await self.webhook_status() == wanted

    async def webhook_status(self) -> int | None:
        """What the webhook says to a wrong token (403 when published); it runs nothing."""
        async with _client() as client:
            try:
                async with client.post(
                    self.webhook_url, json={}, headers={"x-n8n-token": "are you there?"}
                ) as response:
                    return response.status
            except (ClientError, TimeoutError):
                return None

    async def kill(self) -> None:
        await asyncio.to_thread(self.process.kill)

    async def stop(self) -> None:
        await asyncio.to_thread(self.process.stop)

    async def make_api_key(self) -> str:
        """Set up an owner and an API key, as a person does once in the editor."""
        # Cookies of a numeric address are refused by default.
        async with _client(CookieJar(unsafe=True)) as client:
            owner = {"email": "owner@example.com", "firstName": "A", "lastName": "B", "password": "Correct-h0rse"}
            async with client.post(f"{self.url}/rest/owner/setup", json=owner) as response:
                assert response.status == 200, await response.text()
            scopes = ["execution:read", "execution:list", "execution:stop", "workflow:activate", "workflow:deactivate"]
            wish = {"label": "test", "scopes": scopes, "expiresAt": None}
            async with client.post(f"{self.url}/rest/api-keys", json=wish) as response:
                assert response.status == 200, await response.text()
                self.api_key = str((await response.json())["data"]["rawApiKey"])
        return self.api_key

    async def publish(self, wanted: bool) -> None:
        """Flip the workflow's switch while n8n runs; it takes effect a moment after n8n said it did."""
        verb = "activate" if wanted else "deactivate"
        async with _client() as client:
            url = f"{self.url}/api/v1/workflows/{WORKFLOW_ID}/{verb}"
            async with client.post(url, json={}, headers={"X-N8N-API-KEY": self.api_key}) as response:
                assert response.status == 200, await response.text()
        status = 403 if wanted else 404
        await until(f"n8n's webhook answers {status}", lambda: self._answers(status), seconds=30)

    def event_log(self) -> str:
        """What n8n has written down of runs and nodes that began and ended: from this it tells what a crash took."""
        return "".join(path.read_text(errors="replace") for path in self.home.rglob("n8nEventLog.log"))

    async def execution_status(self, execution_id: str) -> str:
        async with _client() as client:
            url = f"{self.url}/api/v1/executions/{execution_id}"
            async with client.get(url, headers={"X-N8N-API-KEY": self.api_key}) as response:
                assert response.status == 200, await response.text()
                return str((await response.json())["status"])

    async def executions(self, workflow_id: str = WORKFLOW_ID) -> dict[str, str]:
        """Status by execution id, of all runs of a workflow that have ended."""
        found: dict[str, str] = {}
        cursor = ""
        async with _client() as client:
            while True:
                query = {"workflowId": workflow_id, "limit": "250"} | ({"cursor": cursor} if cursor else {})
                headers = {"X-N8N-API-KEY": self.api_key}
                async with client.get(f"{self.url}/api/v1/executions", params=query, headers=headers) as response:
                    assert response.status == 200, await response.text()
                    page = await response.json()
                found.update({str(row["id"]): str(row["status"]) for row in page["data"]})
                cursor = page["nextCursor"] or ""
                if not cursor:
                    return found


def _client(jar: CookieJar | None = None) -> ClientSession:
    return ClientSession(timeout=ClientTimeout(total=30), cookie_jar=jar, trust_env=False)
