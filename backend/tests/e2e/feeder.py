"""Jobs that come at a rate while a test looks at the page."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.served import Served


def submit_many(server: Served, prompts: Iterator[str], flow: str, per_second: float, stop: threading.Event) -> None:
    """One connection for all: a connection for each would cost more than the jobs do."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    due = time.monotonic()
    for prompt in prompts:
        if stop.is_set():
            break
        body = json.dumps({"prompt": prompt, "flow": flow})
        connection.request("POST", "/jobs", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 201, answer.status
        due += 1 / per_second
        stop.wait(max(0.0, due - time.monotonic()))
    connection.close()


def seed(server: Served, count: int, flow: str) -> None:
    prompts = (f"seed {n:04} of the jobs that were there before" for n in range(count))
    submit_many(server, prompts, flow, 1e9, threading.Event())


@contextmanager
def fed(server: Served, per_second: float, flow: str = "other") -> Iterator[None]:
    """While this runs, so many new jobs come each second; they are processed, too."""
    if per_second == 0:
        yield
        return
    stop = threading.Event()
    prompts = (f"fed {n} while somebody reads" for n in itertools.count())
    thread = threading.Thread(target=submit_many, args=(server, prompts, flow, per_second, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
