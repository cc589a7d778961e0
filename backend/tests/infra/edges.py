"""The proxies of the containers, as the real Caddy runs them, in front of a real server below a base path."""

import base64
import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.served import Served, free_port
from tests.infra.caddy import CONTAINERS, STARTS_WITHIN_SECONDS, caddy, running

BASE = "/jobs-app"
PASSWORD = "correct horse battery staple"
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
    """``frontend``: the port that is published; ``plain`` and ``secure``: those of profile tls."""

    server: Served
    frontend: int
    plain: int
    secure: int
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
        key: str | None = None,
        source: str = "127.0.0.1",
        **headers: str,
    ) -> Reply:
        sent = {"Host": "localhost", "Content-Type": "application/json", **headers}
        if password is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        connection = self.connect(port, source)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            return Reply(response.status, response.msg, response.read())
        finally:
            connection.close()


@contextlib.contextmanager
def edge_of(place: Path, auth: str, server: Mapping[str, str], **tls: str) -> Iterator[Edge]:
    """``server``: settings of the server behind the proxies; ``tls``: of profile tls."""
    frontend, behind_tls, http_port, https_port = (free_port() for _ in range(4))
    given = {"PUBLIC_URL": f"https://localhost{BASE}", "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]", **server}
    served = Served(place, environment=given)
    served.start()
    (place / "password").write_text(PASSWORD + "\n")
    (place / "tls").mkdir()
    settings = {
        "CADDYFILE": str(CONTAINERS / "tls.Caddyfile"),
        "AUTH": auth,
        "LISTEN_HTTP_PORT": str(http_port),
        "LISTEN_HTTPS_PORT": str(https_port),
        "FRONTEND_ADDRESS": f"127.0.0.1:{behind_tls}",
        "BASIC_AUTH_PASSWORD_FILE": str(place / "password"),
        "PUBLIC_URL": given["PUBLIC_URL"],
        **tls,
    }
    backend = {"BACKEND_ADDRESS": f"127.0.0.1:{served.port}", "WAIT_FOR_BACKEND": "110s"}
    listens = {"LISTEN_PORT": str(frontend), "LISTEN_TLS_PORT": str(behind_tls)}
    with (
        caddy("frontend.Caddyfile", place / "frontend", frontend, **listens, **backend),
        running([str(CONTAINERS / "tls-start")], place / "tls", settings, https_port),
    ):
        authority = place / "tls/caddy/pki/authorities/local/root.crt"
        made = Edge(served, frontend, http_port, https_port, authority)
        _wait_for_certificate(made)
        yield made
    served.stop()


def _wait_for_certificate(edge: Edge) -> None:
    """Caddy listens before its own authority has issued the certificate; until then handshakes fail."""
    end = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            edge.ask(edge.secure, "/health")
            return
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < end, "no certificate was issued"
            time.sleep(0.05)
