"""The stack with AUTH=keys and profile tls, for compose_test.py."""

from __future__ import annotations

import http.client
import subprocess

from compose_engine import TLS_HTTP, Engine
from compose_requests import login, passed, request, secure, submit, wait_until

WITH_KEYS = {"AUTH": "keys"}


def check_tls_needs_a_login(engine: Engine) -> None:
    try:
        engine.run_compose("--profile", "tls", "run", "--rm", "--no-deps", "-T", "tls")
    except subprocess.CalledProcessError:
        passed("profile tls does not start while nobody is asked for a login")
    else:
        raise AssertionError("profile tls started without a login")


def check_keys(engine: Engine) -> None:
    """Nothing without a key, on any port; the first one is where the documents say, and signs in over TLS."""
    wait_until("health over HTTPS", lambda: secure("GET", "/health/ready")[0] == 200)
    login.clear()
    for port in (80, 3000):
        assert request("GET", "/jobs", None, port)[0] == 401
    status, headers, _ = secure("GET", "/jobs")
    assert (status, headers["strict-transport-security"]) == (401, "max-age=63072000"), (status, headers)
    assert headers["www-authenticate"].startswith("Bearer"), headers
    key = engine.execute("backend", "cat", "/data/first-admin-key").stdout.strip()
    login["Authorization"] = f"Bearer {key}"
    assert request("GET", "/jobs")[0] == secure("GET", "/jobs", **login)[0] == 200
    page = {"Sec-Fetch-Site": "same-origin", "Origin": "https://localhost"}
    status, headers, _ = secure("POST", "/session", {"key": key}, **page)
    assert status in (200, 201), status
    cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}
    status, _, text = secure("POST", "/jobs", {"prompt": "of a person"}, **cookie, **page)
    assert status == 201, (status, text)
    assert secure("DELETE", "/session", **cookie, **page)[0] == 204
    assert secure("GET", "/jobs", **cookie)[0] == 401
    connection = http.client.HTTPConnection("localhost", TLS_HTTP, timeout=20)
    connection.request("GET", "/ui/", headers={"Host": "localhost"})
    assert connection.getresponse().status == 308
    connection.close()
    passed("AUTH=keys and profile tls: HTTPS, HSTS, nothing without a key, sign-in and sign-out, HTTP redirects")


# By a name that the stack answers to: foreign Host headers are refused.
CANCEL = """
import sys, urllib.request
headers = {"Authorization": "Bearer " + sys.argv[2], "Content-Type": "application/json"}
headers |= {"X-Forwarded-For": "198.51.100.9", "Host": "localhost"}
urllib.request.urlopen(urllib.request.Request(sys.argv[1], b"{}", headers, method="POST"), timeout=20)
"""


def check_client_addresses(engine: Engine) -> None:
    """The audit names the client: a worker that calls the API through the proxy, whatever it writes into the header."""
    key = login["Authorization"].partition(" ")[2]
    (worker,) = engine.containers("worker")[:1]
    networks = engine.inspect(worker)["NetworkSettings"]["Networks"]
    (address,) = [one["IPAddress"] for name, one in networks.items() if name.endswith("_app")]

    def named() -> set[str]:
        job = submit("fault:lost to cancel")
        done = engine.execute("worker", "python3", "-c", CANCEL, f"http://frontend:8080/jobs/{job}/cancel", key)
        assert done.returncode == 0, done.stderr
        return {one["address"] for one in request("GET", f"/audit?what={job}")[1]}

    # The backend looks up the proxy's address every few seconds.
    wait_until(f"the audit says {address}", lambda: named() == {address}, 60)
    passed("the audit names the client behind the proxy, and not what its header says")
