"""The proxies of the containers, as the real Caddy runs them, in front of a real server below a base path."""

import base64
import http.client
import json
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import Served, free_port
from tests.infra.caddy import CONTAINERS, caddy, needs_caddy, running

pytestmark = needs_caddy
BASE = "/jobs-app"
PASSWORD = "correct horse battery staple"
KNOWN = "127.0.0.3"
"""An address from which no password is asked for."""
PROGRAMS = ("N8N", "PROMETHEUS", "ALERTMANAGER", "GRAFANA")


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Edge:
    server: Served
    frontend: int
    plain: int
    secure: int
    programs: Mapping[str, int]
    authority: Path

    def connect(self, port: int, source: str = "127.0.0.1") -> http.client.HTTPConnection:
        address = (source, 0)
        if port == self.secure:
            trusted = ssl.create_default_context(cafile=str(self.authority))
            return http.client.HTTPSConnection("localhost", port, timeout=60, context=trusted, source_address=address)
        return http.client.HTTPConnection("127.0.0.1", port, timeout=110, source_address=address)

    def ask(
        self,
        port: int,
        path: str,
        *,
        method: str = "GET",
        body: object = None,
        password: str | None = None,
        source: str = "127.0.0.1",
        **headers: str,
    ) -> Reply:
        sent = {"Host": "localhost", "Content-Type": "application/json", **headers}
        if password is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()
        connection = self.connect(port, source)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            return Reply(response.status, response.msg, response.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    place = tmp_path_factory.mktemp("edge")
    frontend, http_port, https_port, checks = (free_port() for _ in range(4))
    programs = {name: free_port() for name in PROGRAMS}
    given = {"PUBLIC_URL": f"https://localhost{BASE}", "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]"}
    server = Served(place, environment=given)
    server.start()
    (place / "password").write_text(PASSWORD + "\n")
    (place / "tls").mkdir()
    tls = {
        "CADDYFILE": str(CONTAINERS / "tls.Caddyfile"),
        "LISTEN_HTTP_PORT": str(http_port),
        "LISTEN_HTTPS_PORT": str(https_port),
        "FRONTEND_ADDRESS": f"127.0.0.1:{frontend}",
        "BASIC_AUTH_PASSWORD_FILE": str(place / "password"),
        "PUBLIC_URL": given["PUBLIC_URL"],
        "API_ALLOWED_CIDRS": f"192.0.2.0/24,{KNOWN}/32",
    }
    hosts = {f"LISTEN_{name}": str(port) for name, port in programs.items()}
    hosts |= {f"{name}_ADDRESS": f"127.0.0.1:{server.port}" for name in PROGRAMS}
    backend = {"BACKEND_ADDRESS": f"127.0.0.1:{server.port}", "WAIT_FOR_BACKEND": "110s"}
    with (
        caddy("frontend.Caddyfile", place / "frontend", frontend, LISTEN_PORT=str(frontend), **backend),
        running([str(CONTAINERS / "tls-start")], place / "tls", tls, https_port),
        caddy("host-check.Caddyfile", place / "checks", checks, LISTEN_PORT=str(checks), **hosts),
    ):
        authority = place / "tls/caddy/pki/authorities/local/root.crt"
        yield Edge(server, frontend, http_port, https_port, programs, authority)
    server.stop()


def test_http_is_sent_to_https(edge: Edge) -> None:
    reply = edge.ask(edge.plain, "/ui/?status=FAILED")

    assert (reply.status, reply.headers["location"]) == (308, "https://localhost/ui/?status=FAILED")


@pytest.mark.parametrize("base", ["", BASE])
@pytest.mark.parametrize("path", ["/ui/", "/jobs", "/events", "/openapi.json"])
def test_everything_else_asks_for_the_password(edge: Edge, base: str, path: str) -> None:
    reply = edge.ask(edge.secure, base + path)
    assert (reply.status, reply.headers["www-authenticate"][:5]) == (401, "Basic")
    if path != "/events":
        assert edge.ask(edge.secure, base + path, password=PASSWORD).status == 200


def test_a_wrong_password_is_refused(edge: Edge) -> None:
    assert edge.ask(edge.secure, "/jobs", password="wrong").status == 401


@pytest.mark.parametrize("base", ["", BASE])
@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health_needs_no_password(edge: Edge, base: str, path: str) -> None:
    assert edge.ask(edge.secure, base + path).status == 200


@pytest.mark.parametrize("base", ["", BASE])
@pytest.mark.parametrize("path", ["/webhook/callback", "/jobs/webhook/callback"])
def test_a_callback_needs_its_own_secret_and_no_password(edge: Edge, base: str, path: str) -> None:
    job = edge.server.submit("for a callback", flow="patient")
    edge.server.finished(job["id"], "WAITING")
    report = {"jobId": job["id"], "result": "done"}
    assert edge.ask(edge.secure, base + path, method="POST", body=report).status == 401
    # Its token is in the header that carries the password elsewhere.
    refused = edge.ask(edge.secure, base + path, method="POST", body=report, Authorization="Bearer v1.forged")
    assert (refused.status, refused.headers["www-authenticate"]) != (401, 'Basic realm="restricted"')

    secret = {"x-webhook-secret": "dev-secret-key"}
    assert edge.ask(edge.secure, base + path, method="POST", body=report, **secret).status == 200
    assert edge.server.job(job["id"])["status"] == "COMPLETED"


def test_a_known_network_needs_no_password(edge: Edge) -> None:
    assert edge.ask(edge.secure, "/jobs", source=KNOWN).status == 200
    assert edge.ask(edge.secure, "/jobs", source="127.0.0.4").status == 401
    # The address of the connection counts, not what a header says.
    assert edge.ask(edge.secure, "/jobs", **{"X-Forwarded-For": KNOWN}).status == 401


def test_https_is_remembered_for_this_host_only(edge: Edge) -> None:
    for path in ("/health", "/jobs"):
        headers = edge.ask(edge.secure, path).headers
        assert headers["strict-transport-security"] == "max-age=63072000"
        assert (headers["server"], headers["via"], headers["alt-svc"]) == (None, None, None)


@pytest.mark.parametrize("path", ["/metrics", f"{BASE}/metrics", "/%6detrics"])
def test_metrics_are_not_for_the_public(edge: Edge, path: str) -> None:
    assert edge.ask(edge.frontend, path).status == 404
    assert edge.ask(edge.secure, path, password=PASSWORD).status == 404


@pytest.mark.parametrize("base", ["", BASE])
def test_an_event_arrives_while_its_stream_is_open(edge: Edge, base: str) -> None:
    """Through both proxies, to a client that offers compression. A proxy that gathers would time out here."""
    connection = edge.connect(edge.secure, source=KNOWN)
    connection.request("GET", f"{base}/events", headers={"Host": "localhost", "Accept-Encoding": "zstd, gzip, br"})
    response = connection.getresponse()
    assert response.status == 200
    assert response.headers["content-encoding"] is None
    assert "no-transform" in response.headers["cache-control"]
    while response.readline() != b"event: hello\n":
        pass

    job = edge.server.submit("watch me")
    while job["id"].encode() not in response.readline():
        pass
    connection.close()


def test_the_page_is_compressed(edge: Edge) -> None:
    page = edge.ask(edge.frontend, f"{BASE}/ui/").body.decode()
    script = page.partition('crossorigin src="')[2].partition('"')[0]

    assert script.startswith(f"{BASE}/ui/assets/")
    sent = edge.ask(edge.frontend, script, **{"Accept-Encoding": "gzip"})
    assert (sent.status, sent.headers["content-encoding"]) == (200, "gzip")
    assert "immutable" in sent.headers["cache-control"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:80"])
def test_a_foreign_host_is_refused(edge: Edge, host: str) -> None:
    reply = edge.ask(edge.frontend, "/jobs", Host=host)
    assert (reply.status, reply.json()["code"]) == (403, "unknown_host")
    for port in edge.programs.values():
        assert edge.ask(port, "/health", Host=host).status == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LocalHost"])
def test_the_programs_ports_answer_to_this_machines_names(edge: Edge, host: str) -> None:
    for port in edge.programs.values():
        assert edge.ask(port, "/health/live", Host=f"{host}:{port}").status == 200


def test_requests_wait_while_the_backend_is_replaced(edge: Edge) -> None:
    edge.server.stop()
    replies: list[int] = []

    def ask() -> None:
        replies.append(edge.ask(edge.frontend, "/jobs", method="POST", body={"prompt": "patience"}).status)

    asking = threading.Thread(target=ask)
    asking.start()
    edge.server.start()
    asking.join(110)
    assert replies == [201]


# ---- tls-start ----

SHOWN = ("BASE_PATH", "HSTS", "PASSWORD_FREE_NETWORKS")
FAKE_CADDY = '#!/bin/sh\n[ "$1" = run ] || { sed s/^/hash-of-/; exit; }\nenv\n'


def tls_start(tmp_path: Path, **given: str) -> dict[str, str]:
    """The environment that tls-start gives to Caddy."""
    (tmp_path / "caddy").write_text(FAKE_CADDY)
    (tmp_path / "caddy").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    environment = {"PATH": path, "BASIC_AUTH_PASSWORD_FILE": str(tmp_path / "password"), **given}
    done = subprocess.run(
        [str(CONTAINERS / "tls-start")], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("", "max-age=63072000", "255.255.255.255/32")),
        ({"PUBLIC_URL": "https://jobs.example.com"}, ("", "max-age=63072000", "255.255.255.255/32")),
        ({"PUBLIC_URL": "https://example.com:8443/a/b/"}, ("/a/b", "max-age=63072000", "255.255.255.255/32")),
        ({"HSTS_INCLUDE_SUBDOMAINS": "false"}, ("", "max-age=63072000", "255.255.255.255/32")),
        ({"HSTS_INCLUDE_SUBDOMAINS": "true"}, ("", "max-age=63072000; includeSubDomains", "255.255.255.255/32")),
        (
            {"API_ALLOWED_CIDRS": "203.0.113.0/24,2001:db8::/32"},
            ("", "max-age=63072000", "203.0.113.0/24 2001:db8::/32"),
        ),
    ],
)
def test_tls_start_makes_caddys_variables(
    tmp_path: Path, given: dict[str, str], expected: tuple[str, str, str]
) -> None:
    made = tls_start(tmp_path, **given)
    assert tuple(made[name] for name in SHOWN) == expected


def test_without_a_password_tls_start_makes_one_and_keeps_it(tmp_path: Path) -> None:
    first = tls_start(tmp_path)["BASIC_AUTH_HASH"]
    assert len(first) > len("hash-of-") + 40
    assert tls_start(tmp_path)["BASIC_AUTH_HASH"] == first
    assert (tmp_path / "password").stat().st_mode & 0o077 == 0


def test_an_unclear_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        tls_start(tmp_path, HSTS_INCLUDE_SUBDOMAINS="perhaps")
    assert "HSTS_INCLUDE_SUBDOMAINS must be true or false" in refused.value.stderr
