"""The stack as a user gets it: submit through port 80, kill, stop, start, and check that the database is not exposed.

Called by scripts/infra/compose-test; standard library only, so that it runs before anything is set up.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from compose_engine import TLS_HTTP, TLS_HTTPS, Engine, NoEngine, find_engine, sqlite

T = TypeVar("T")


def request(method: str, path: str, body: object = None, port: int = 80, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload, {"Content-Type": "application/json", **headers})
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


def check_page() -> None:
    status, page = request("GET", "/ui/")
    assert status == 200, status
    assert "<title>Job Processor</title>" in page, page[:200]
    assert request("GET", "/ui/jobs/some/deep/link")[0] == 200
    passed("port 80 serves the page, also at deep links")


def check_events() -> None:
    """An event must come through the proxy while the connection stays open."""
    stream = http.client.HTTPConnection("127.0.0.1", 80, timeout=20)
    stream.request("GET", "/events", headers={"Accept": "text/event-stream"})
    response = stream.getresponse()
    assert response.status == 200, response.status
    started = time.monotonic()
    identifier = submit("watch me")
    while identifier.encode() not in response.readline():
        assert time.monotonic() - started < 20, "no event within 20 s"
    passed(f"live events pass the proxy unbuffered ({time.monotonic() - started:.2f} s after the submission)")
    stream.close()


def check_hosts() -> None:
    for port in (80, 3000):
        for host in ("evil.example", "evil.example:80"):
            status, problem = request("POST", "/jobs", {"prompt": "rebound"}, port, Host=host)
            assert (status, problem["code"]) == (403, "unknown_host"), (port, host, status, problem)
        assert request("GET", "/jobs", None, port, Host=f"localhost:{port}")[0] == 200
    passed("ports 80 and 3000 refuse foreign Host headers")


def check_database_shell(engine: Engine) -> None:
    """As docs/operations.md opens it. The substitute for MongoDB has no shell."""
    if engine.tool != "docker":
        return
    log_in = 'mongosh --quiet -u root -p "$(cat /run/job-processor/mongodb-root-password)" '
    query = "--authenticationDatabase admin job_processor --eval 'db.jobs.countDocuments({state: \"COMPLETED\"})'"
    said = engine.execute("mongodb", "sh", "-c", log_in + query)
    assert said.returncode == 0, said.stderr
    assert int(said.stdout) > 0, said.stdout
    passed("mongosh in the container counts the COMPLETED jobs")


def check_tls(engine: Engine) -> None:
    def secure(path: str, password: str | None = None) -> tuple[int, http.client.HTTPMessage]:
        unverified = ssl.create_default_context()
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection("localhost", TLS_HTTPS, timeout=20, context=unverified)
        login = {} if password is None else {"Authorization": "Basic " + base64.b64encode(password.encode()).decode()}
        connection.request("GET", path, headers={"Host": "localhost", **login})
        response = connection.getresponse()
        connection.close()
        return response.status, response.msg

    wait_until("health over HTTPS", lambda: secure("/health/ready")[0] == 200)
    status, headers = secure("/jobs")
    assert (status, headers["strict-transport-security"]) == (401, "max-age=63072000"), (status, headers)
    password = engine.execute("tls", "cat", "/run/job-processor/basic-auth-password").stdout.strip()
    assert secure("/jobs", f"admin:{password}")[0] == 200
    connection = http.client.HTTPConnection("localhost", TLS_HTTP, timeout=20)
    connection.request("GET", "/ui/", headers={"Host": "localhost"})
    assert connection.getresponse().status == 308
    connection.close()
    passed("profile tls: HTTPS, HSTS, a password for all but health, HTTP redirects")


def check_sqlite(engine: Engine) -> None:
    """compose.sqlite.yml: one container, one volume, and the job is there after down and up."""
    engine.up()
    try:
        wait_until("the SQLite stack answers on port 80", healthy, 240)
        (container,) = engine.containers()
        assert [mount["Type"] for mount in engine.inspect(container)["Mounts"]].count("volume") == 1
        check_containers_are_hardened(engine)
        check_page()
        check_hosts()
        identifier = job_goes_through("one container")
        engine.down()
        engine.up()
        wait_until("the SQLite stack answers after down and up", healthy, 240)
        assert completed(identifier)
        checked = engine.execute("job-processor", "job-processor", "check")
        assert checked.returncode == 0, checked.stdout + checked.stderr
    finally:
        engine.down("--volumes")
    passed("compose.sqlite.yml: one container, one volume, and down and up keep the jobs")


def check_backend_comes_back(engine: Engine) -> None:
    (container,) = engine.containers("backend")
    pending = submit("submitted just before the kill")
    before = engine.inspect(container)["State"]["Pid"]
    engine.kill(container)
    started = time.monotonic()

    def restarted() -> bool:
        found = engine.containers("backend")
        return bool(found) and engine.inspect(found[0])["State"]["Pid"] not in (0, before) and healthy()

    wait_until("the killed backend answers again", restarted)
    passed(f"the killed backend came back by itself after {time.monotonic() - started:.1f} s")
    wait_until("the job that was under way completes", lambda: completed(pending), 120)
    passed("the job that was under way completed")


def check_database_is_hidden(engine: Engine) -> None:
    bindings = engine.inspect(engine.containers("mongodb")[0])["NetworkSettings"]["Ports"]["27017/tcp"]
    assert [binding["HostIp"] for binding in bindings] == ["127.0.0.1"], bindings
    passed("the database's port is published on the loopback only")
    probe = "import socket; socket.create_connection(('mongodb', 27017), 3)"
    assert engine.execute("backend", "python3", "-c", probe).returncode == 0
    refused = engine.execute("frontend", "sh", "-c", "wget -q -T 3 -O /dev/null http://mongodb:27017/")
    assert refused.returncode != 0, refused
    passed("the database can be reached from the backend, and not from the frontend's networks")


def check_containers_are_hardened(engine: Engine) -> None:
    for container in engine.containers():
        facts = engine.inspect(container)
        host, name = facts["HostConfig"], facts["Name"]
        assert host["ReadonlyRootfs"], f"{name} can write to its root file system"
        assert host["Memory"] > 0, f"{name} has no memory limit"
        assert any("no-new-privileges" in option for option in host["SecurityOpt"]), name
        assert facts["Config"]["User"] not in ("", "0", "0:0", "root"), f"{name} runs as root"
    passed("every container is read-only, limited, unprivileged")


def check_scaling(engine: Engine) -> None:
    engine.up("--scale", "worker=3")
    wait_until("three workers", lambda: len(engine.containers("worker")) == 3)
    identifiers = [submit(f"scaled {number}") for number in range(6)]
    wait_until("six jobs by three workers", lambda: all(completed(identifier) for identifier in identifiers))
    passed("--scale worker=3 works")


def check_data_survives(engine: Engine, identifier: str) -> None:
    engine.down()
    engine.up()
    wait_until("the stack answers after down and up", healthy, 240)
    assert completed(identifier)
    job_goes_through("after down and up")
    passed("down and up keep the jobs, and new ones go through")


def check_backup(engine: Engine, identifier: str) -> None:
    program = ("python3", "/usr/local/lib/job-processor/backup.py")
    made = engine.execute("backup", *program, "once")
    assert made.returncode == 0, made.stderr
    name = engine.execute("backup", *program, "list").stdout.split()[-1]
    status, _ = request("DELETE", f"/jobs/{identifier}")
    assert status in (200, 204), status
    assert request("GET", f"/jobs/{identifier}")[0] == 404
    engine.run_compose("stop", "backend", "worker")
    # A restore can be repeated; on a busy machine the database may not answer the first one in time.
    wait_until("the restore", lambda: engine.execute("backup", *program, "restore", name).returncode == 0)
    engine.run_compose("start", "backend", "worker")
    wait_until("the stack answers after the restore", healthy)
    assert completed(identifier)
    passed(f"{name}: encrypted, and it brings a deleted job back")


def main() -> int:
    try:
        engine = find_engine()
    except NoEngine as error:
        print(f"NOT RUN: {error}", file=sys.stderr)
        return 1
    try:
        engine.down("--volumes")
        started = time.monotonic()
        engine.up()
        wait_until("the stack answers on port 80", healthy, 240)
        passed(f"the stack is up after {time.monotonic() - started:.0f} s ({engine.tool})")
        check_page()
        assert request("GET", "/metrics")[0] == 404
        passed("port 80 keeps /metrics to itself")
        identifier = job_goes_through("the first job")
        passed("a job went through port 80 and is COMPLETED")
        check_events()
        check_hosts()
        check_tls(engine)
        check_database_shell(engine)
        check_containers_are_hardened(engine)
        check_database_is_hidden(engine)
        check_backend_comes_back(engine)
        check_scaling(engine)
        check_data_survives(engine, identifier)
        check_backup(engine, identifier)
        engine.down("--volumes")
        check_sqlite(sqlite(engine))
    except BaseException:
        for container in engine.containers():
            print(f"--- {engine.inspect(container)['Name']}", file=sys.stderr)
            subprocess.run([engine.tool, "logs", "--tail", "20", container], stdout=sys.stderr, check=False)
        raise
    finally:
        engine.down("--volumes")
    print("compose-test: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
