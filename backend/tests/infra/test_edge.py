"""The proxies of the containers with AUTH=proxy: one password for everybody; and what they do whatever AUTH is."""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.served import free_port
from tests.infra.caddy import CONTAINERS, caddy, needs_caddy
from tests.infra.edges import BASE, PASSWORD, PROGRAMS, Edge, edge_of

pytestmark = needs_caddy
KNOWN = "127.0.0.3"
"""An address from which no password is asked for."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    place = tmp_path_factory.mktemp("edge")
    with edge_of(place, "proxy", {"AUTH": "proxy"}, API_ALLOWED_CIDRS=f"192.0.2.0/24,{KNOWN}/32") as made:
        yield made


@pytest.fixture(scope="module")
def programs(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, int]]:
    """The ports of the programs behind the check of Host headers."""
    ports = {name: free_port() for name in PROGRAMS}
    hosts = {f"LISTEN_{name}": str(port) for name, port in ports.items()}
    hosts |= {f"{name}_ADDRESS": f"127.0.0.1:{edge.server.port}" for name in PROGRAMS}
    checks = free_port()
    place = tmp_path_factory.mktemp("checks") / "caddy"
    with caddy("host-check.Caddyfile", place, checks, LISTEN_PORT=str(checks), **hosts):
        yield ports


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
def test_a_foreign_host_is_refused(edge: Edge, programs: Mapping[str, int], host: str) -> None:
    reply = edge.ask(edge.frontend, "/jobs", Host=host)
    assert (reply.status, reply.json()["code"]) == (403, "unknown_host")
    for port in programs.values():
        assert edge.ask(port, "/health", Host=host).status == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LocalHost"])
def test_the_programs_ports_answer_to_this_machines_names(edge: Edge, programs: Mapping[str, int], host: str) -> None:
    for port in programs.values():
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

SHOWN = ("BASE_PATH", "HSTS", "PASSWORD_FREE_NETWORKS", "LOAD_BALANCERS")
FAKE_CADDY = '#!/bin/sh\n[ "$1" = run ] || { sed s/^/hash-of-/; exit; }\nenv\n'


def tls_start(tmp_path: Path, **given: str) -> dict[str, str]:
    """The environment that tls-start gives to Caddy."""
    (tmp_path / "caddy").write_text(FAKE_CADDY)
    (tmp_path / "caddy").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    password = {"BASIC_AUTH_PASSWORD_FILE": str(tmp_path / "password")}
    environment = {"PATH": path, "AUTH": "proxy", **password, **given}
    done = subprocess.run(
        [str(CONTAINERS / "tls-start")], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


NOBODY = "255.255.255.255/32"
PLAIN = ("", "max-age=63072000", NOBODY, NOBODY)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"AUTH": "keys"}, PLAIN),
        ({}, PLAIN),
        ({"PUBLIC_URL": "https://jobs.example.com"}, PLAIN),
        ({"PUBLIC_URL": "https://example.com:8443/a/b/"}, ("/a/b", *PLAIN[1:])),
        ({"HSTS_INCLUDE_SUBDOMAINS": "false"}, PLAIN),
        ({"HSTS_INCLUDE_SUBDOMAINS": "true"}, ("", "max-age=63072000; includeSubDomains", NOBODY, NOBODY)),
        ({"API_ALLOWED_CIDRS": "203.0.113.0/24,2001:db8::/32"}, (*PLAIN[:2], "203.0.113.0/24 2001:db8::/32", NOBODY)),
        ({"TLS_TRUSTED_PROXIES": "10.20.1.5,10.21.0.0/16"}, (*PLAIN[:3], "10.20.1.5 10.21.0.0/16")),
        ({"TLS_TRUSTED_PROXIES": " , "}, PLAIN),
    ],
)
def test_tls_start_makes_caddys_variables(
    tmp_path: Path, given: dict[str, str], expected: tuple[str, str, str, str]
) -> None:
    made = tls_start(tmp_path, **given)
    assert tuple(made[name] for name in SHOWN) == expected


def test_without_a_password_tls_start_makes_one_and_keeps_it(tmp_path: Path) -> None:
    first = tls_start(tmp_path)["BASIC_AUTH_HASH"]
    assert len(first) > len("hash-of-") + 40
    assert tls_start(tmp_path)["BASIC_AUTH_HASH"] == first
    assert (tmp_path / "password").stat().st_mode & 0o077 == 0


def test_with_keys_no_password_is_made(tmp_path: Path) -> None:
    assert tls_start(tmp_path, AUTH="keys")["BASIC_AUTH_HASH"] == ""
    assert not (tmp_path / "password").exists()
    assert tls_start(tmp_path, AUTH="", SITE_HOST="jobs.example.com")["AUTH"] == "keys"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"HSTS_INCLUDE_SUBDOMAINS": "perhaps"}, "HSTS_INCLUDE_SUBDOMAINS must be true or false"),
        ({"AUTH": ""}, "set AUTH=keys in .env"),
        ({"AUTH": "", "SITE_HOST": "localhost"}, "set AUTH=keys in .env"),
        ({"AUTH": "off"}, "set AUTH=keys in .env"),
        ({"AUTH": "Keys"}, "set AUTH=keys in .env"),
        ({"AUTH": "keys", "API_ALLOWED_CIDRS": "203.0.113.0/24"}, "API_ALLOWED_CIDRS needs AUTH=proxy"),
    ],
)
def test_what_would_be_open_or_unclear_is_refused_with_words(tmp_path: Path, given: dict[str, str], words: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        tls_start(tmp_path, **given)
    assert words in refused.value.stderr
    assert "Caddyfile" not in refused.value.stdout
