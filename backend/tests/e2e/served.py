"""A real server in a process of its own, which a test may stop and start again."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import command

FLOWS = """
default_flow = "mock"

[flows.mock]
processor = "mock"
delay_seconds = 0.5

[flows.other]
processor = "mock"
delay_seconds = 0.2
max_attempts = 1

[flows.once]
processor = "mock"
delay_seconds = 0.2
callback_timeout_seconds = 1
max_attempts = 1

[flows.twice]
processor = "mock"
delay_seconds = 0.2
callback_timeout_seconds = 1
max_attempts = 2
backoff_base_seconds = 3600
backoff_cap_seconds = 3600

[flows.choosy]
processor = "mock"
delay_seconds = 600
callback_timeout_seconds = 900
on_invalid_result = "retry"
backoff_base_seconds = 3600
backoff_cap_seconds = 3600

[flows.mute]
processor = "mock"
delay_seconds = 600
callback_timeout_seconds = 900

[flows.patient]
processor = "mock"
delay_seconds = 600
callback_timeout_seconds = 900
"""
STARTS_WITHIN_SECONDS = 60.0
STOPS_WITHIN_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Served:
    directory: Path
    port: int = field(default_factory=free_port)
    flows: str = FLOWS
    environment: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    """An API key for the calls of a test; none: the server asks for none."""
    _process: command.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        return f"{self.url}/ui/"

    def start(self) -> None:
        flows = self.directory / "flows.toml"
        flows.write_text(self.flows)
        arguments = ["serve", "--host", "127.0.0.1", "--port", str(self.port)]
        arguments += ["--data-dir", str(self.directory / "data")]
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")}
        with (self.directory / "log").open("ab") as log:
            environment = {**kept, **self.environment, "FLOWS_FILE": str(flows)}
            self._process = command.start(arguments, environment, self.directory, log, log)
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the server did not start: {(self.directory / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """As an operator does it: SIGTERM, and it ends well."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOPS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("the server did not stop on SIGTERM") from None
        assert code == 0, f"the server ended with {code}: {(self.directory / 'log').read_text()[-2000:]}"

    def submit(self, prompt: str, **fields: object) -> dict[str, Any]:
        return self._call("POST", "/jobs", {"prompt": prompt, **fields})

    def job(self, job_id: str) -> dict[str, Any]:
        return self._call("GET", f"/jobs/{job_id}")

    def get(self, path: str) -> Any:
        """What is at this path."""
        return self._call("GET", path)

    def finished(self, job_id: str, status: str = "COMPLETED") -> dict[str, Any]:
        """The job once it has come that far."""
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while (job := self.job(job_id))["status"] != status:
            assert time.monotonic() < end, f"waited in vain for {status}: {job}"
            time.sleep(0.05)
        return job

    def call_back(self, job_id: str, result: str) -> None:
        """What a processor says when it is done."""
        status = self.report(jobId=job_id, result=result)
        assert status == 200, status

    def report(self, **body: object) -> int:
        """A callback of any kind, welcome or not: the status of its answer."""
        try:
            self._call("POST", "/webhook/callback", body, {"x-webhook-secret": "dev-secret-key"})
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        return 200

    def deliver(self, path: str, body: bytes) -> int:
        """A callback of these bytes, as a broken sender makes them: the status of its answer."""
        headers = {"x-webhook-secret": "dev-secret-key"}
        request = urllib.request.Request(self.url + path, body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def settled(self) -> None:
        """Waits until no job of the flow ``other`` is under way."""
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while any(self._under_way("other")):
            assert time.monotonic() < end, "waited in vain for the jobs to end"
            time.sleep(0.1)

    def _under_way(self, flow: str) -> list[int]:
        by_state = self._call("GET", "/stats")["byFlow"].get(flow, {})
        return [by_state.get(state, 0) for state in ("PENDING", "RUNNING", "WAITING")]

    def cancelled(self, prompt: str) -> str:
        """The id of a job that was handed over, and called off before its result came."""
        job_id = str(self.submit(prompt, flow="patient")["id"])
        self.finished(job_id, "WAITING")
        self._call("POST", f"/jobs/{job_id}/cancel", {})
        return job_id

    def pause(self, flow: str, reason: str) -> None:
        self._call("POST", f"/flows/{flow}/pause", {"reason": reason})

    def new_key(self, name: str, *rights: str) -> str:
        """The text of a new API key. The key of these calls must be an admin's."""
        return str(self._call("POST", "/keys", {"name": name, "rights": rights})["key"])

    def end_sessions_of(self, key: str) -> None:
        """As a sign-out everywhere from another browser."""
        self._call("DELETE", "/session?everywhere=true", headers={"authorization": f"Bearer {key}"})

    def _call(
        self, method: str, path: str, body: object | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        own = {"content-type": "application/json"} | ({"authorization": f"Bearer {self.key}"} if self.key else {})
        request = urllib.request.Request(self.url + path, data, {**own, **(headers or {})}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
            return found

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False
