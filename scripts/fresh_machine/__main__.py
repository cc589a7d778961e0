"""The README's two commands on machines with only `python3`, `make` and `ca-certificates`.

`make fresh-machine-test` runs this. Each system and each person gets a machine of its own: a container where Docker
answers, else a directory made by debootstrap (as root). The standard library only; settings come from the environment:

SYSTEMS         debian:12 debian:13 ubuntu:24.04 by default, of those in `SUITES`
WHO             root person
MODE            run (the default), test, both; fast and run+fast run a part of the tests only
MIRROR          where debootstrap takes Debian from, if not from where it does by itself
APT_SOURCES     a file that becomes the machine's sources.list
PIP_CONF        a file that becomes the machine's /etc/pip.conf
CA_CERTIFICATES a directory of *.crt that the machine is to trust
KEEP            a directory where made systems are kept for the next time
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
SUITES = {
    "debian:12": "bookworm",
    "debian:13": "trixie",
    "debian:sid": "sid",
    "ubuntu:24.04": "noble",
}
PACKAGES = ("python3", "make", "ca-certificates")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TRUST = {"PIP_CERT": BUNDLE, "SSL_CERT_FILE": BUNDLE, "NODE_EXTRA_CA_CERTS": BUNDLE}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class NotHere(Exception):
    """This system is not available on this machine."""


@dataclass(frozen=True)
class Row:
    system: str
    who: str
    step: str
    result: str
    words: str
    python: str = ""
    seconds: int = 0


def _given(name: str) -> Path | None:
    return Path(os.environ[name]).resolve() if os.environ.get(name) else None


def _run(*command: str | Path, seconds: float = 1800) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode != 0:
        raise NotHere(f"{command[0]}: {(done.stderr or done.stdout).strip()[-300:]}")


def _environment() -> dict[str, str]:
    return {"PATH": PATH, "LANG": "C.UTF-8"} | (TRUST if _given("CA_CERTIFICATES") else {})


def _lay(root: Path, clone: Path) -> None:
    """The files for every machine: the clone, this folder, and those named by the environment."""
    shutil.copytree(clone, root / "clone", symlinks=True)
    shutil.copytree(HERE, root / "fresh_machine")
    if sources := _given("APT_SOURCES"):
        for old in (root / "etc/apt/sources.list", *(root / "etc/apt/sources.list.d").glob("*")):
            old.unlink(missing_ok=True)
        name = "sources.list" if sources.suffix != ".sources" else f"sources.list.d/{sources.name}"
        shutil.copy(sources, root / "etc/apt" / name)
    if conf := _given("PIP_CONF"):
        shutil.copy(conf, root / "etc/pip.conf")
    if certificates := _given("CA_CERTIFICATES"):
        for certificate in certificates.glob("*.crt"):
            shutil.copy(certificate, root / "usr/local/share/ca-certificates")
        _run("chroot", root, "update-ca-certificates")


def _base(system: str, scratch: Path) -> Path:
    """The bare system, created once."""
    suite = SUITES[system]
    base = (_given("KEEP") or scratch) / suite
    if (base / "etc/os-release").exists() and (base / ".made").exists():
        return base
    script = Path("/usr/share/debootstrap/scripts") / suite
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise NotHere("neither Docker answers here, nor is there debootstrap and root")
    if not script.exists():
        raise NotHere(f"this machine's debootstrap does not know {suite}")
    mirror = [os.environ["MIRROR"]] if os.environ.get("MIRROR") else []
    shutil.rmtree(base, ignore_errors=True)
    _run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, base, *mirror)
    (base / ".made").touch()
    return base


@contextmanager
def _debootstrapped(system: str, clone: Path, scratch: Path) -> Iterator[list[str]]:
    base = _base(system, scratch)
    root = scratch / "machine"
    _run("cp", "-a", base, root)
    try:
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        _lay(root, clone)
        # Its own process and mount namespaces: nothing started inside survives it.
        mounts = (
            f"mount -t proc proc {root}/proc && mount --bind /dev {root}/dev && mount -t devpts devpts {root}/dev/pts"
        )
        shared = f"mount -t tmpfs tmpfs {root}/dev/shm"
        words = [f"{name}={value}" for name, value in _environment().items()]
        yield [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c"),
            f'{mounts} && {shared} && exec env -i "$@"',
            *("sh", *words, "chroot", str(root), "python3", "/fresh_machine/inside.py"),
        ]
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _container(system: str, clone: Path, scratch: Path) -> Iterator[list[str]]:
    laid = scratch / "laid"
    for folder in ("etc/apt/sources.list.d", "usr/local/share/ca-certificates"):
        (laid / folder).mkdir(parents=True)
    shutil.copytree(clone, laid / "clone", symlinks=True)
    shutil.copytree(HERE, laid / "fresh_machine")
    try:
        _run("docker", "pull", "--quiet", system)
        install = f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {' '.join(PACKAGES)}"
        yield [
            *("docker", "run", "--rm", "--init", "--env", "DEBIAN_FRONTEND=noninteractive"),
            *("--volume", f"{laid}/clone:/clone:ro", "--volume", f"{laid}/fresh_machine:/fresh_machine:ro", system),
            *("sh", "-c", f'({install}) >/dev/null && exec python3 /fresh_machine/inside.py "$@"', "sh"),
        ]
    finally:
        shutil.rmtree(laid, ignore_errors=True)


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60).returncode == 0


def _tried(system: str, who: str, mode: str, clone: Path, scratch: Path) -> Iterator[Row]:
    machine = _container if _docker_answers() else _debootstrapped
    try:
        with machine(system, clone, scratch) as command:
            process = subprocess.Popen(
                [*command, mode, who], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
            )
            assert process.stdout is not None
            said = False
            for line in process.stdout:
                if line.startswith("STEP "):
                    said = True
                    step = json.loads(line.removeprefix("STEP "))
                    result = "ok" if step["ok"] else "FAILED"
                    yield Row(system, who, step["step"], result, step["words"], step["python"], step["seconds"])
            if process.wait() != 0 or not said:
                yield Row(system, who, "the machine", "FAILED", f"exit code {process.returncode}")
    except NotHere as why:
        yield Row(system, who, "", "NOT HERE", str(why))


def _table(rows: list[Row]) -> str:
    lines = ["| system | Python | who | | result | seconds |", "|---|---|---|---|---|---|"]
    for row in rows:
        words = (
            row.words if row.result == "ok" else f"**{row.result}** {row.words.splitlines()[-1] if row.words else ''}"
        )
        lines.append(f"| {row.system} | {row.python} | {row.who} | {row.step} | {words} | {row.seconds or ''} |")
    return "\n".join(lines)


def main() -> int:
    systems = os.environ.get("SYSTEMS", "debian:12 debian:13 ubuntu:24.04").split()
    people = os.environ.get("WHO", "root person").split()
    mode = os.environ.get("MODE", "run")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="fresh-machine-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        clone = scratch / "clone"
        _run("git", "clone", "--quiet", "--no-local", REPOSITORY, clone)
        for system in systems:
            if system not in SUITES:
                print(f"unknown: {system}; known are {', '.join(SUITES)}", file=sys.stderr)
                return 2
            for who in people:
                for row in _tried(system, who, mode, clone, scratch):
                    print(f"{row.system}, {row.who}: {row.step} {row.result} ({row.seconds} s) {row.words}", flush=True)
                    rows.append(row)
    commit = subprocess.run(
        ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    print(f"\n{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.machine()}, commit {commit}\n")
    print(_table(rows))
    bad = {"FAILED", "NOT HERE"} if os.environ.get("CI") == "true" else {"FAILED"}
    return int(any(row.result in bad for row in rows) or not any(row.result == "ok" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
