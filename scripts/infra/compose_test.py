"""The stack as a user gets it: submit through port 80, kill, stop, start, and check that the database is not exposed.
First as it is cloned, without a login; then with API keys and profile tls.

Called by scripts/infra/compose-test; standard library only, so that it runs before anything is set up.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import time

from compose_engine import REPOSITORY, Engine, NoEngine, find_engine, sqlite
from compose_keys import WITH_KEYS, check_client_addresses, check_keys, check_tls_needs_a_login
from compose_requests import completed, healthy, job_goes_through, login, passed, request, submit, wait_until


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


def check_documented_commands(engine: Engine) -> None:
    """The curl lines of the first document, and the first ones of the README, on the stack as it is cloned."""
    blocks = re.findall(
        r"^```sh\n(.*?)^```$",
        (REPOSITORY / "README.md").read_text().partition("## Try it")[2],
        re.MULTILINE | re.DOTALL,
    )[:3]
    table = (REPOSITORY / "docs/deploy.md").read_text().partition("| in the first description")[2].partition("\n## ")[0]
    lines = re.findall(r"`(curl [^`]+)`", table)
    assert len(blocks) == 3, blocks
    assert len(lines) >= 6, lines
    waiting = submit("fault:lost for a callback by hand")
    wait_until(
        "a job that waits for its callback", lambda: request("GET", f"/jobs/{waiting}")[1]["status"] == "WAITING"
    )
    secret = engine.execute("backend", "cat", "/run/job-processor/webhook-secret").stdout.strip()
    lines = [re.sub(r"\$\(docker compose exec backend cat \S+?\)", secret, line) for line in lines]
    # The blocks of the README are for one shell: the first ones set what later ones use.
    for command in ["".join(blocks), *(re.sub(r"\bID\b", waiting, line) for line in lines)]:
        script = f'set -euo pipefail; curl() {{ command curl --silent --fail-with-body "$@"; }}; {command}'
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert request("GET", f"/jobs/{waiting}")[1]["status"] == "COMPLETED"
    passed(f"{len(blocks) + len(lines)} documented requests work as they stand, without a login")


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
        engine.down()
        engine.environment = {**engine.environment, **WITH_KEYS}
        engine.up()
        wait_until("the SQLite stack answers with AUTH=keys", healthy, 240)
        assert request("GET", "/jobs")[0] == 401
        key = engine.execute("job-processor", "cat", "/data/first-admin-key").stdout.strip()
        login["Authorization"] = f"Bearer {key}"
        assert completed(identifier)
        checked = engine.execute("job-processor", "job-processor", "check")
        assert checked.returncode == 0, checked.stdout + checked.stderr
    finally:
        engine.down("--volumes")
    passed("compose.sqlite.yml: one container, one volume, down and up keep the jobs, and AUTH=keys asks for keys")


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


def check_data_survives_and_keys_are_asked_for(engine: Engine, identifier: str) -> None:
    engine.down()
    engine.profiles = (*engine.profiles, "tls")
    engine.environment = {**engine.environment, **WITH_KEYS}
    engine.up()
    wait_until("the stack answers after down and up", healthy, 240)
    check_keys(engine)
    assert completed(identifier)
    job_goes_through("after down and up")
    passed("down and up keep the jobs, and new ones go through")
    check_client_addresses(engine)


def check_backup(engine: Engine, identifier: str) -> None:
    program = ("python3", "/usr/local/lib/job-processor/backup.py")
    made = engine.execute("backup", *program, "once")
    assert made.returncode == 0, made.stderr
    # Each line is a name and where that backup is.
    name = engine.execute("backup", *program, "list").stdout.splitlines()[-1].split()[0]
    status, _ = request("DELETE", f"/jobs/{identifier}")
    assert status in (200, 204), status
    assert request("GET", f"/jobs/{identifier}")[0] == 404
    engine.run_compose("stop", "backend", "worker")

    def restored() -> bool:
        done = engine.execute("backup", *program, "restore", name)
        if done.returncode != 0:
            raise OSError(done.stderr)
        return True

    # A restore can be repeated; on a busy machine the database may not answer the first one in time.
    wait_until("the restore", restored)
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
        check_documented_commands(engine)
        check_tls_needs_a_login(engine)
        check_database_shell(engine)
        check_containers_are_hardened(engine)
        check_database_is_hidden(engine)
        check_backend_comes_back(engine)
        check_scaling(engine)
        check_data_survives_and_keys_are_asked_for(engine, identifier)
        check_backup(engine, identifier)
        engine.down("--volumes")
        login.clear()
        engine.environment = {name: value for name, value in engine.environment.items() if name not in WITH_KEYS}
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
