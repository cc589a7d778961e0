"""A processor of other people, on loopback: it takes some prompts, refuses others, and breaks off."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

REFUSED = "This tenant may not ask about this."
OUT_OF_CREDIT = "You exceeded your current quota, please check your plan and billing details."
OPTION = "Unsupported parameter: 'max_tokens' is not supported with this model."
WORDS = "The report shows that revenue grew in every region. "


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    by_path: ClassVar[dict[str, tuple[int, object]]] = {
        "/credit/chat/completions": (429, {"error": {"message": OUT_OF_CREDIT, "code": "insufficient_quota"}}),
        "/option/chat/completions": (400, {"error": {"message": OPTION, "param": "max_tokens"}}),
    }

    def do_POST(self) -> None:
        prompt = self.rfile.read(int(self.headers["content-length"])).decode()
        if self.path == "/model/chat/completions":
            self._stream(torn="torn" in prompt)
        elif self.path == "/answer":
            self._send(403, {"detail": REFUSED}) if "poison" in prompt else self._send(200, {"label": "cat"})
        else:
            self._send(*self.by_path[self.path])

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _send(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, *, torn: bool) -> None:
        """An answer that ends at the token limit, or in the midst of nothing."""
        choice = {"index": 0, "delta": {"content": WORDS * 8}, "finish_reason": None if torn else "length"}
        event = f"data: {json.dumps({'model': 'small', 'choices': [choice]})}\n\n".encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        # The connection ends before as many bytes have come.
        self.send_header("content-length", str(len(event) + 14 + (100 if torn else 0)))
        self.end_headers()
        self.wfile.write(event + b"data: [DONE]\n\n" * (not torn))
        self.close_connection = torn


@contextmanager
def upstream() -> Iterator[str]:
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def flows(url: str) -> str:
    """flows.toml with a flow for each trouble."""
    return f"""
default_flow = "classify"

[flows.classify]
processor = "http"
url = "{url}/answer"
take = "/label"
max_attempts = 2
backoff_base_seconds = 0.1

[flows.chat]
processor = "openai"
base_url = "{url}/model"
model = "small"
max_attempts = 1

[flows.credit]
processor = "openai"
base_url = "{url}/credit"
model = "small"

[flows.option]
processor = "openai"
base_url = "{url}/option"
model = "small"
max_tokens = 500
"""
