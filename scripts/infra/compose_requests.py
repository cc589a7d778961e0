"""Requests to the running stack, for compose_test.py."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

from compose_engine import TLS_HTTPS

T = TypeVar("T")
login: dict[str, str] = {}
"""The header with the API key, once the stack asks for one."""


def request(method: str, path: str, body: object = None, port: int = 80, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload, {"Content-Type": "application/json", **login, **headers})
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except json.JSONDecodeError:
        return response.status, text


def wait_until(what: str, look: Callable[[], T | None], seconds: float = 120) -> T:
    """Poll until there is an answer; on timeout fail and say what was missing."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            found = look()
            if found:
                return found
        except (OSError, http.client.HTTPException, subprocess.SubprocessError) as error:
            last = error
        time.sleep(0.5)
    raise AssertionError(f"waited {seconds:.0f} s for: {what} ({last})")


def passed(sentence: str) -> None:
    print(f"ok  {sentence}", flush=True)


def healthy() -> bool:
    return request("GET", "/health")[0] == 200


def submit(prompt: str) -> str:
    status, job = request("POST", "/jobs", {"prompt": prompt})
    assert status == 201, (status, job)
    identifier: str = job["id"]
    return identifier


def completed(identifier: str) -> bool:
    status, job = request("GET", f"/jobs/{identifier}")
    assert status == 200, (status, job)
    assert job["status"] not in ("FAILED", "CANCELLED"), job
    return bool(job["status"] == "COMPLETED")


def job_goes_through(prompt: str) -> str:
    identifier = submit(prompt)
    wait_until(f"job {identifier} COMPLETED", lambda: completed(identifier), 60)
    return identifier


def secure(method: str, path: str, body: object = None, **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection("localhost", TLS_HTTPS, timeout=20, context=unverified)
    sent = {"Host": "localhost", "Content-Type": "application/json", **headers}
    connection.request(method, path, None if body is None else json.dumps(body), sent)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.msg, text
