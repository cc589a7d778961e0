"""An S3-compatible server in this process, and what is in its buckets."""

from __future__ import annotations

import logging
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ACCESS_KEY, SECRET_KEY = "EXAMPLEACCESSKEY", "examplesecretkey"
# The server reads the service's name from here, and checks no signature.
_SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/us-east-1/s3/aws4_request"}


@dataclass(frozen=True)
class BucketServer:
    endpoint: str

    def make(self, bucket: str) -> None:
        self._ask("PUT", bucket)

    def names(self, bucket: str) -> list[str]:
        return re.findall("<Key>([^<]*)</Key>", self._ask("GET", bucket).decode())

    def content(self, bucket: str, name: str) -> bytes:
        return self._ask("GET", f"{bucket}/{name}")

    def put(self, bucket: str, name: str, content: bytes) -> None:
        self._ask("PUT", f"{bucket}/{name}", content)

    def _ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.endpoint}/{path}", data=content, headers=_SIGNED, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())


@contextmanager
def bucket_server() -> Iterator[BucketServer]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield BucketServer(f"http://{host}:{port}")
    finally:
        server.stop()
