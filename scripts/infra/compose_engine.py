"""The two ways to run docker-compose.yml, behind one interface: Docker, or podman with substitute images."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = "job-processor-test"
IMAGES = (
    ("job-processor-backend", "backend/Dockerfile", "backend"),
    ("job-processor-tools", "backend/Dockerfile", "tools"),
    ("job-processor-frontend", "infrastructure/containers/frontend.Dockerfile", None),
)
CERTIFICATES = "/etc/ssl/certs"
# Of profile tls, on loopback: the page has port 80.
TLS_HTTP, TLS_HTTPS = 18080, 18443
PORTS = {"TLS_BIND_ADDRESS": "127.0.0.1", "TLS_HTTP_PORT": str(TLS_HTTP), "TLS_HTTPS_PORT": str(TLS_HTTPS)}


class NoEngine(Exception):
    pass


@dataclass
class Engine:
    """`compose` is the command line of Compose, `tool` the container tool that belongs to it."""

    tool: str
    compose: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ("backup",)
    project: str = PROJECT

    def up(self, *arguments: str) -> None:
        if self.tool == "podman" and self.project == PROJECT:  # compose-podman.yml says why
            self.run_compose("run", "--rm", "-T", "secrets")
        self.run_compose(*self.profile_arguments(), "up", "--detach", "--no-build", *arguments)

    def down(self, *arguments: str) -> None:
        if self.tool == "podman":  # podman-compose forgets all workers but the first
            for container in self.containers():
                self.output("rm", "--force", "--time", "20", container)
        self.run_compose(*self.profile_arguments(), "down", *arguments)

    def profile_arguments(self) -> list[str]:
        return [word for profile in self.profiles for word in ("--profile", profile)]

    def run_compose(self, *arguments: str, timeout: float = 900) -> None:
        subprocess.run(
            [*self.compose, *arguments],
            cwd=REPOSITORY,
            env=os.environ | dict(self.environment),
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=timeout,
        )

    def containers(self, service: str | None = None) -> list[str]:
        filters = [f"label=com.docker.compose.project={self.project}"]
        if service is not None:
            filters.append(f"label=com.docker.compose.service={service}")
        arguments = [word for text in filters for word in ("--filter", text)]
        return self.output("ps", "--quiet", *arguments).split()

    def inspect(self, container: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.output("inspect", container))
        return found[0]

    def execute(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.tool, "exec", self.containers(service)[0], *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def output(self, *arguments: str) -> str:
        done = subprocess.run([self.tool, *arguments], capture_output=True, text=True, check=True, timeout=120)
        return done.stdout

    def kill(self, container: str) -> None:
        """Kill the process inside from outside: a stop by the tool would not trigger a restart."""
        process: int = self.inspect(container)["State"]["Pid"]
        if os.geteuid() == 0:
            os.kill(process, signal.SIGKILL)
        else:
            subprocess.run(["sudo", "-n", "kill", "-KILL", str(process)], check=True)


def sqlite(engine: Engine) -> Engine:
    """The engine for compose.sqlite.yml, with the images that are there."""
    project = f"{PROJECT}-sqlite"
    command = [*engine.compose[: engine.compose.index("--project-name")], "--project-name", project]
    made = Engine(engine.tool, [*command, "-f", "compose.sqlite.yml"], engine.environment, (), project)
    if engine.tool == "podman":
        threading.Thread(target=_run_health_checks, args=(made,), daemon=True).start()
    return made


def find_engine() -> Engine:
    if shutil.which("docker") and _answers("docker", "info") and _answers("docker", "compose", "version"):
        engine = Engine("docker", ["docker", "compose", "--project-name", PROJECT], PORTS)
        engine.run_compose(*engine.profile_arguments(), "build", timeout=1800)
        return engine
    if shutil.which("podman") is None or os.geteuid() != 0:
        raise NoEngine("neither Docker answers, nor is this root with podman")
    return _podman()


def _answers(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _podman() -> Engine:
    subprocess.run([str(REPOSITORY / "scripts/infra/compose-substitutes")], check=True, timeout=1800)
    # The test server is not a replica set rs0, so it is connected to directly.
    options = {**PORTS, "MONGODB_URI_OPTIONS": "directConnection=true&w=majority"}
    for image, file, target in IMAGES:
        _build(image, file, target)
    files = ["-f", "docker-compose.yml", "-f", "scripts/infra/compose-podman.yml"]
    engine = Engine("podman", ["podman-compose", "--project-name", PROJECT, *files], options)
    threading.Thread(target=_run_health_checks, args=(engine,), daemon=True).start()
    return engine


def _build(image: str, file: str, target: str | None) -> None:
    """Build with the machine's own certificates and package settings, which do not belong in the Dockerfiles."""
    bundle = f"{CERTIFICATES}/ca-certificates.crt"
    command = [
        "buildah",
        "bud",
        "--quiet",
        "--layers",
        "--pull-never",
        "--format",
        "docker",
        "--tag",
        image,
        "--file",
        file,
    ]
    command += ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
    for name in ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        command += ["--env", f"{name}={bundle}"]
    if Path("/etc/pip.conf").exists():
        command += ["--volume", "/etc/pip.conf:/etc/pip.conf:ro"]
    if target is not None:
        command += ["--target", target]
    environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}
    subprocess.run(
        [*command, "."], cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, check=True, timeout=1800
    )
    print(f"built {image}", flush=True)


def _run_health_checks(engine: Engine) -> None:
    """podman leaves health checks to systemd, which a test machine may lack: run them here."""
    pause = threading.Event()
    while not pause.wait(2):
        try:
            for container in engine.containers():
                subprocess.run(
                    ["podman", "healthcheck", "run", container], capture_output=True, check=False, timeout=30
                )
        except subprocess.SubprocessError:
            continue
