"""The proxies of the containers with AUTH=keys: they pass keys and sign-ins on, and name the client."""

from collections.abc import Iterator

import pytest

from job_processor.core.key_text import key_text
from tests.e2e.served import free_port
from tests.infra.caddy import CONTAINERS, needs_caddy, running
from tests.infra.edges import BASE, Edge, edge_of

pytestmark = needs_caddy
BALANCER = "127.0.0.5"
"""The address of a load balancer in front of a second profile tls."""
SPOOFED = {"X-Forwarded-For": "198.51.100.9"}
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": "https://localhost"}


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    given = {"AUTH": "keys", "TRUSTED_PROXIES": "127.0.0.1", "WRONG_KEYS_PER_ADDRESS": "3"}
    with edge_of(tmp_path_factory.mktemp("edge"), "keys", given) as made:
        made.server.key = (made.server.directory / "data/first-admin-key").read_text().strip()
        yield made


@pytest.fixture(scope="module")
def balanced(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a profile tls behind a load balancer, which ends TLS and names the client."""
    place, port = tmp_path_factory.mktemp("balanced"), free_port()
    given = {
        "CADDYFILE": str(CONTAINERS / "tls.Caddyfile"),
        "AUTH": "keys",
        "SITE_ADDRESS": f"http://:{port}",
        "LISTEN_HTTP_PORT": str(port),
        "LISTEN_HTTPS_PORT": str(free_port()),
        "TLS_TRUSTED_PROXIES": f"{BALANCER},192.0.2.0/24",
        # As in the stack with SQLite.
        "FRONTEND_ADDRESS": f"127.0.0.1:{edge.server.port}",
    }
    with running([str(CONTAINERS / "tls-start")], place, given, port):
        yield port


@pytest.mark.parametrize("base", ["", BASE])
@pytest.mark.parametrize("path", ["/jobs", "/events", "/openapi.json"])
def test_the_application_asks_for_a_key_and_gets_it(edge: Edge, base: str, path: str) -> None:
    refused = edge.ask(edge.secure, base + path)
    assert (refused.status, refused.headers["content-type"]) == (401, "application/problem+json")
    assert refused.headers["www-authenticate"].startswith("Bearer ")
    if path != "/events":
        assert edge.ask(edge.secure, base + path, key=edge.server.key).status == 200


def test_the_old_password_opens_nothing(edge: Edge) -> None:
    refused = edge.ask(edge.secure, "/jobs", password="correct horse battery staple")
    assert (refused.status, refused.json()["code"]) == (401, "no_key")


@pytest.mark.parametrize("path", ["/ui/", "/health", "/health/live", "/health/ready"])
def test_the_page_and_health_need_no_key(edge: Edge, path: str) -> None:
    reply = edge.ask(edge.secure, path)
    assert (reply.status, reply.headers["strict-transport-security"]) == (200, "max-age=63072000")


def test_a_callback_needs_its_own_proof(edge: Edge) -> None:
    job = edge.server.submit("for a callback", flow="patient")
    edge.server.finished(job["id"], "WAITING")
    report = {"jobId": job["id"], "result": "done"}
    assert edge.ask(edge.secure, f"{BASE}/webhook/callback", method="POST", body=report).status == 401
    secret = {"x-webhook-secret": "dev-secret-key"}
    assert edge.ask(edge.secure, f"{BASE}/webhook/callback", method="POST", body=report, **secret).status == 200


def test_one_signs_in_and_out_on_the_page(edge: Edge) -> None:
    path = f"{BASE}/session"
    signed_in = edge.ask(edge.secure, path, method="POST", body={"key": edge.server.key}, **OWN_PAGE)
    cookie = signed_in.headers["set-cookie"]
    assert cookie.startswith("__Host-jp_session=")
    assert "Secure" in cookie
    session = {"Cookie": cookie.partition(";")[0]}
    assert edge.ask(edge.secure, f"{BASE}/jobs", **session).status == 200
    submitted = edge.ask(edge.secure, f"{BASE}/jobs", method="POST", body={"prompt": "p"}, **session, **OWN_PAGE)
    assert (submitted.status, submitted.headers["location"].startswith(BASE)) == (201, True)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    refused = edge.ask(edge.secure, f"{BASE}/jobs", method="POST", body={"prompt": "p"}, **session, **foreign)
    assert refused.status == 403
    assert edge.ask(edge.secure, path, method="DELETE", **session, **OWN_PAGE).status == 204
    assert edge.ask(edge.secure, f"{BASE}/jobs", **session).status == 401


def test_an_event_arrives_while_its_stream_is_open(edge: Edge) -> None:
    connection = edge.connect(edge.secure)
    key = {"Authorization": f"Bearer {edge.server.key}"}
    connection.request("GET", f"{BASE}/events", headers={"Host": "localhost", "Accept-Encoding": "gzip", **key})
    response = connection.getresponse()
    assert response.status == 200
    while response.readline() != b"event: hello\n":
        pass
    job = edge.server.submit("watch me")
    while job["id"].encode() not in response.readline():
        pass
    connection.close()


def address_of(edge: Edge, port: int, source: str, **headers: str) -> str:
    """The client's address in the audit of an act through this port."""
    job = edge.server.submit("to cancel", flow="patient")["id"]
    path = f"/jobs/{job}/cancel"
    reply = edge.ask(port, path, method="POST", body={}, key=edge.server.key, source=source, **headers)
    assert reply.status == 200
    entries = edge.ask(edge.frontend, f"/audit?what={job}", key=edge.server.key).json()
    [address] = [one["address"] for one in entries if one["act"] == "job_cancelled"]
    return str(address)


@pytest.mark.parametrize("sent", [{}, SPOOFED, {"X-Forwarded-For": "garbage, 127.0.0.1"}, {"X-Forwarded-For": ""}])
def test_the_client_is_known_and_cannot_be_another(edge: Edge, sent: dict[str, str]) -> None:
    for number, port in enumerate((edge.secure, edge.frontend)):
        client = f"127.0.0.{20 + number}"
        assert address_of(edge, port, client, **sent) == client


def test_a_load_balancer_names_the_client_and_nobody_else_does(edge: Edge, balanced: int) -> None:
    for header in ("203.0.113.7", "198.51.100.9, 203.0.113.7", "203.0.113.7, 192.0.2.9", "2001:db8::7"):
        wanted = "2001:db8::/64" if ":" in header else "203.0.113.7"
        assert address_of(edge, balanced, BALANCER, **{"X-Forwarded-For": header}) == wanted
    assert address_of(edge, balanced, "127.0.0.6", **SPOOFED) == "127.0.0.6"


def test_one_clients_wrong_keys_hit_nobody_else(edge: Edge) -> None:
    def wrong(source: str, number: int) -> int:
        key = key_text(f"{number:010d}", "A" * 32)
        return edge.ask(edge.secure, "/jobs", key=key, source=source, **SPOOFED).status

    assert [wrong("127.0.0.31", n) for n in range(5)] == [401, 401, 401, 429, 429]
    assert wrong("127.0.0.32", 9) == 401
    assert edge.ask(edge.secure, "/jobs", key=edge.server.key, source="127.0.0.31").status == 200
