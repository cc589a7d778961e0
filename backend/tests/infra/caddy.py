"""The real Caddy, running our Caddyfiles: a process for each."""

import contextlib
import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
CONTAINERS = REPOSITORY / "infrastructure/containers"
BIN = Path(sys.executable).parent
CADDY = shutil.which("caddy", path=f"{BIN}:{os.environ.get('PATH', '')}")
STARTS_WITHIN_SECONDS = 60.0

needs_caddy = pytest.mark.skipif(CADDY is None, reason="needs caddyserver of backend/requirements/infra.txt")


def environment(directory: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Caddy keeps certificates and settings in ``directory``, and finds itself by the name `caddy`."""
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(directory),
        "XDG_DATA_HOME": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        **given,
    }


@contextlib.contextmanager
def running(command: Sequence[str], directory: Path, given: Mapping[str, str], port: int) -> Iterator[None]:
    """The command's process, from when it listens on ``port``."""
    log = directory / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment(directory, given), cwd=directory, stdout=out, stderr=out)
        try:
            end = time.monotonic() + STARTS_WITHIN_SECONDS
            while not listens(port):
                if process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"{command[0]} did not start: {log.read_text()[-3000:]}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)


def caddy(name: str, directory: Path, port: int, **given: str) -> contextlib.AbstractContextManager[None]:
    """Caddy with one of the Caddyfiles of the containers, or one at a path."""
    file = CONTAINERS / name
    directory.mkdir()
    command = [str(CADDY), "run", "--config", str(file), "--adapter", "caddyfile"]
    return running(command, directory, given, port)


def listens(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.connect()
        connection.close()
    except OSError:
        return False
    return True
