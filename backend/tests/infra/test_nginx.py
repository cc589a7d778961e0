"""The nginx configuration of docs/deploy.md, run by a real nginx in front of a real server."""

import base64
import contextlib
import gzip
import http.client
import json
import os
import shutil
import ssl
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.served import Served, free_port
from tests.infra.caddy import REPOSITORY, running

NGINX = shutil.which("nginx", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}:/usr/sbin")
CERTIFICATE = Path(__file__).parent.parent / "processors/certificates/good.pem"
# Around it, what an operator may have: compression of everything.
MAIN = """
{user}
daemon off;
pid {place}/pid;
error_log {place}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
    gzip on; gzip_proxied any; gzip_types application/json text/javascript;
    {server}
}}
"""

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def documented(place: Path, port: int, upstream: int, *, asks: bool) -> str:
    """The documented server, with this test's ports and files. ``asks``: nginx itself asks for a password."""
    page = (REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
    text, instead = [block.partition("```")[0] for block in page.split("```nginx\n")[1:]]
    if asks:
        location = text[text.index("    location ") : text.rindex("}")]
        text = text.replace(location, instead)
    for old, new in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/ssl/example.com.crt": str(CERTIFICATE),
        "/etc/ssl/example.com.key": str(CERTIFICATE),
        "/etc/nginx/job-processor.htpasswd": str(place / "htpasswd"),
        "http://127.0.0.1:3000": f"http://127.0.0.1:{upstream}",
    }.items():
        assert old in text or "htpasswd" in old, old
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def fronted(place: Path, auth: str) -> Iterator[tuple[Served, int]]:
    port = free_port()
    page = (REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
    block = page.partition("## Behind your own proxy")[2].partition("```sh\n")[2].partition("```")[0]
    given = dict(line.partition("#")[0].strip().split("=", 1) for line in block.splitlines())
    assert given["AUTH"] == "keys"
    server = Served(place, environment={**given, "AUTH": auth, "ALLOWED_HOSTS": "example.com,127.0.0.1"})
    (place / "htpasswd").write_text("admin:{PLAIN}open sesame\n")
    # Its workers would be nobody, who cannot read a test's files.
    user = "user root;" if os.geteuid() == 0 else ""
    text = MAIN.format(user=user, place=place, server=documented(place, port, server.port, asks=auth == "proxy"))
    (place / "nginx.conf").write_text(text)
    server.start()
    if auth == "keys":
        server.key = (place / "data/first-admin-key").read_text().strip()
    with running([str(NGINX), "-p", str(place), "-c", str(place / "nginx.conf")], place, {}, port):
        yield server, port
    server.stop()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, int]]:
    with fronted(tmp_path_factory.mktemp("nginx"), "keys") as made:
        yield made


@contextlib.contextmanager
def asked(
    port: int,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    login: str = "",
    source: str = "127.0.0.1",
) -> Iterator[http.client.HTTPResponse]:
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(
        "127.0.0.1", port, timeout=60, context=unverified, source_address=(source, 0)
    )
    sent = {"Host": "example.com", "Content-Type": "application/json", "Accept-Encoding": "gzip", **(headers or {})}
    if login:
        sent["Authorization"] = login
    connection.request(method, path, None if body is None else json.dumps(body), sent)
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def bearer(server: Served) -> str:
    return f"Bearer {server.key}"


def test_with_auth_proxy_nginx_asks_for_the_password(tmp_path: Path) -> None:
    password = "Basic " + base64.b64encode(b"admin:open sesame").decode()
    with fronted(tmp_path, "proxy") as (_, port):
        for path in ("/jobs-app/ui/", "/jobs-app/jobs", "/jobs-app/events", "/jobs-app/metrics", "/jobs-app/webhook/"):
            with asked(port, "GET", path) as reply:
                assert (path, reply.status, reply.headers["www-authenticate"][:5]) == (path, 401, "Basic")
        with asked(port, "GET", "/jobs-app/health/ready") as reply:
            assert reply.status == 200
        with asked(port, "POST", "/jobs-app/webhook/callback", {}) as reply:
            assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
        with asked(port, "GET", "/jobs-app/jobs", login=password) as reply:
            assert reply.status == 200


def test_the_application_asks_for_keys_and_knows_the_client(front: tuple[Served, int]) -> None:
    server, port = front
    for path in ("/jobs-app/jobs", "/jobs-app/events", "/jobs-app/metrics"):
        with asked(port, "GET", path) as reply:
            assert (path, reply.status, reply.headers["www-authenticate"][:6]) == (path, 401, "Bearer")
    forged = {"X-Forwarded-For": "198.51.100.9"}
    with asked(port, "GET", "/jobs-app/jobs", headers=forged, login="Bearer wrong", source="127.0.0.8") as reply:
        assert reply.status == 401
    job = server.submit("to cancel", flow="patient")["id"]
    path = f"/jobs-app/jobs/{job}/cancel"
    with asked(port, "POST", path, {}, forged, login=bearer(server), source="127.0.0.8") as reply:
        assert reply.status == 200
    with asked(port, "GET", f"/jobs-app/audit?what={job}", login=bearer(server)) as reply:
        assert {one["address"] for one in json.loads(gzip.decompress(reply.read()))} == {"127.0.0.8"}


def test_page_and_location_are_below_the_base_path(front: tuple[Served, int]) -> None:
    server, port = front
    with asked(port, "GET", "/jobs-app/") as reply:
        assert (reply.status, reply.headers["location"]) == (307, "/jobs-app/ui/overview")
    with asked(port, "GET", "/jobs-app/ui/", None, {"Accept-Encoding": "identity"}) as reply:
        assert b'data-base-path="/jobs-app"' in reply.read()
    with asked(port, "POST", "/jobs-app/jobs", {"prompt": "through nginx"}, login=bearer(server)) as reply:
        location = reply.headers["location"]
    with asked(port, "GET", location, login=bearer(server)) as reply:
        assert reply.status == 200


def test_a_large_callback_needs_no_key(front: tuple[Served, int]) -> None:
    server, port = front
    job = server.submit("for a callback", flow="patient")
    server.finished(job["id"], "WAITING")
    report = {"jobId": job["id"], "result": "\x01" * 1_000_000}
    secret = {"x-webhook-secret": "dev-secret-key"}
    with asked(port, "POST", "/jobs-app/webhook/callback", report, secret) as reply:
        assert reply.status == 200
    assert server.job(job["id"])["status"] == "COMPLETED"


def test_an_event_arrives_while_its_stream_is_open(front: tuple[Served, int]) -> None:
    server, port = front
    with asked(port, "GET", "/jobs-app/events", login=bearer(server)) as stream:
        assert stream.status == 200
        while stream.readline() != b"event: hello\n":
            pass
        job = server.submit("watch me")
        while job["id"].encode() not in stream.readline():
            pass
