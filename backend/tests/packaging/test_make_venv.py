"""Which Python makes the virtual environment, where its pip comes from, and what is said where there is none.

The script runs in a real shell; every program on its PATH that could change anything is made by the test.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.packaging.machine import REPOSITORY, Machine

# A Python that knows its version, where its pip is, and how to copy itself into a virtual environment.
_PYTHON = """
here=$(dirname "$0")
for last; do :; done
case "$*" in
  *version_info*) printf %s {version} ;;
  *'import ensurepip'*) {ensurepip} || [ -e "$root/installed" ] ;;
  *'import pip'*) [ -e "$here/../has-pip" ] ;;
  *_base_executable*) echo "$0" ;;
  *base_prefix*) echo {prefix} ;;
  *'-m venv'*)
    mkdir -p "$last/bin" && cp "$0" "$last/bin/python" && touch "$last/pyvenv.cfg"
    case "$*" in *--without-pip*) ;; *) touch "$last/has-pip" ;; esac ;;
  *'/pip install'*) touch "$here/../has-pip" ;;
  *) exit 64 ;;
esac
"""
_UV = """
case "$*" in *--seed*) ;; *) exit 64 ;; esac
for last; do :; done
mkdir -p "$last/bin" && cp "$root/brought" "$last/bin/python" && touch "$last/pyvenv.cfg" "$last/has-pip"
"""
_APT = """
case "$*" in
  *install*) touch "$root/installed" ;;
  *download*) touch python3-pip-whl_1_all.deb ;;
esac
"""
_DPKG = """mkdir -p usr/share/python-wheels && touch usr/share/python-wheels/pip-1-py3-none-any.whl"""
_PROGRAMS = {"uv": _UV, "apt-get": _APT, "dpkg-deb": _DPKG, "dnf": "", "apk": "", "brew": "", "sudo": 'shift; "$@"'}
USER = 1000


@dataclass(frozen=True)
class Case:
    """A machine, and what the script makes of it: a version, or what it says when it stops."""

    pythons: Mapping[str, str]
    """By name: the version; with ``-`` at its end it has no pip to give, and with ``!`` it does not run."""
    makes: str = ""
    by: str = ""
    """What was called to get there, in order: the words of one line a call, pip's own left out."""
    says: str = ""
    tools: tuple[str, ...] = ()
    user: int = USER
    environment: Mapping[str, str] = field(default_factory=dict)
    prefix: str = "/usr"


DEBIAN = ("apt-get", "dpkg-deb")
UV = r"install uv \(https://docs.astral.sh/uv\)"
CASES = {
    "what python3 is": Case({"python3": "3.12.3"}, makes="3.12.3"),
    "the oldest": Case({"python3": "3.11.0"}, makes="3.11.0"),
    "python3 is too old, another is not": Case(
        {"python3": "3.10.12", "python3.11": "3.11.9", "python3.13": "3.13.1"},
        makes="3.13.1",
        says=r"taking python3\.13, which is 3\.13\.1",
    ),
    "3.9 is older than 3.11": Case({"python3": "3.9.2", "python3.11": "3.11.4"}, makes="3.11.4"),
    "python alone": Case({"python": "3.12.0"}, makes="3.12.0"),
    "python is Python 2": Case({"python": "2.7.18"}, says="is needed, and here is none"),
    "newer than we know, and one we know": Case({"python3": "3.16.0", "python3.12": "3.12.1"}, makes="3.12.1"),
    "newer than we know, alone": Case({"python3": "3.16.0"}, makes="3.16.0"),
    "Python 4": Case({"python3": "4.0.0"}, says="needed"),
    "a name that stands for nothing": Case({"python3": "3.13.0!", "python3.12": "3.12.1"}, makes="3.12.1"),
    # PYTHON
    "PYTHON": Case({"python3": "3.13.0", "mine": "3.11.4"}, makes="3.11.4", environment={"PYTHON": "mine"}),
    "PYTHON is too old": Case(
        {"python3": "3.13.0", "mine": "3.10.1"},
        says=r"PYTHON=mine is 3\.10\.1, and 3\.11 or newer is needed",
        environment={"PYTHON": "mine"},
        tools=("uv",),
    ),
    "PYTHON is nothing": Case(
        {"python3": "3.13.0"}, says="PYTHON=mine is no Python that runs", environment={"PYTHON": "mine"}
    ),
    "an empty PYTHON is none": Case({"python3": "3.13.0"}, makes="3.13.0", environment={"PYTHON": ""}),
    # uv
    "no Python, uv": Case({}, makes="3.13.9", by="uv venv --quiet --seed --python >=3.11,<3.16", tools=("uv",)),
    "an old Python, uv": Case(
        {"python3": "3.10.12"}, makes="3.13.9", by="uv venv --quiet --seed --python >=3.11,<3.16", tools=("uv",)
    ),
    "no pip, uv": Case(
        {"python3": "3.12.3-"}, makes="3.13.9", by="uv venv --quiet --seed --python", tools=("uv", *DEBIAN)
    ),
    # Debian parts pip from Python.
    "Debian, root": Case(
        {"python3": "3.11.2-"},
        makes="3.11.2",
        by="apt-get update; apt-get install python3.11-venv",
        tools=DEBIAN,
        user=0,
    ),
    "Debian, a user": Case(
        {"python3": "3.11.2-"},
        makes="3.11.2",
        by="apt-get update; apt-get download python3-pip-whl; dpkg-deb",
        tools=DEBIAN,
    ),
    "Debian, a CI machine's user": Case(
        {"python3": "3.11.2-"},
        makes="3.11.2",
        by="sudo; apt-get update; sudo; apt-get install python3.11-venv",
        tools=(*DEBIAN, "sudo"),
        environment={"CI": "true"},
    ),
    "Debian, a user who has sudo is not changed": Case(
        {"python3": "3.11.2-"}, makes="3.11.2", by="download python3-pip-whl", tools=(*DEBIAN, "sudo")
    ),
    "Debian, root, its packages are not for a Python of one's own": Case(
        {"python3": "3.12.3-"},
        says=rf"python3 \(3\.12\.3\) comes without pip: .*{UV}",
        tools=DEBIAN,
        user=0,
        prefix="/opt/python",
    ),
    # Nothing helps: one line.
    "no pip, nothing known": Case({"python3": "3.12.3-"}, says=rf"python3 \(3\.12\.3\) comes without pip: {UV}"),
    "no pip, Fedora": Case({"python3": "3.12.3-"}, says=r"without pip: sudo dnf install python3-pip", tools=("dnf",)),
    "no pip, Alpine": Case({"python3": "3.12.3-"}, says=r"without pip: sudo apk add py3-pip", tools=("apk",)),
    "no pip, Alpine, root": Case({"python3": "3.12.3-"}, says=r"without pip: apk add py3-pip", tools=("apk",), user=0),
    "no Python, Debian": Case({}, says=r"here is none: sudo apt-get install python3 python3-venv; or", tools=DEBIAN),
    "no Python, Alpine": Case({}, says=r"here is none: sudo apk add python3; or", tools=("apk",)),
    "no Python, nothing known": Case({}, says=rf"Python 3\.11 or newer is needed, and here is none: {UV}"),
    "old, Ubuntu 22.04": Case({"python3": "3.10.12"}, says=rf"needed, and here is 3\.10\.12: {UV}", tools=DEBIAN),
    "old, Fedora": Case(
        {"python3": "3.10.12"}, says=r"here is 3\.10\.12: sudo dnf install python3\.13; or", tools=("dnf",)
    ),
    "old, macOS": Case({"python3": "3.9.6"}, says=r"here is 3\.9\.6: brew install python@3\.13; or", tools=("brew",)),
}


def _python(machine: Machine, name: str, said: str, prefix: str) -> None:
    if said.endswith("!"):
        machine.program(name, "exit 127")
        return
    parted = said.endswith("-")
    body = _PYTHON.format(version=said.rstrip("-"), ensurepip="false" if parted else "true", prefix=prefix)
    machine.program(name, body)


def _machine(root: Path, case: Case) -> Machine:
    machine = Machine(root, user=case.user)
    for name, said in case.pythons.items():
        _python(machine, name, said, case.prefix)
    for tool in case.tools:
        machine.program(tool, _PROGRAMS[tool])
    # What uv brings; it is not on PATH.
    machine.program("brought", _PYTHON.format(version="3.13.9", ensurepip="true", prefix="/usr"), folder=root)
    return machine


def _version(machine: Machine) -> str:
    """What `.venv` has; nothing where it was not made."""
    python = machine.root / ".venv" / "bin" / "python"
    found = re.search(r"printf %s ([\d.]+)", python.read_text()) if python.exists() else None
    return found[1] if found else ""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_it_makes_or_says(tmp_path: Path, case: Case) -> None:
    machine = _machine(tmp_path, case)

    done = machine.run("make-venv", ".venv", environment=case.environment)

    assert _version(machine) == case.makes, done.stderr
    assert (done.returncode == 0) is bool(case.makes)
    assert re.search(case.says, done.stderr), done.stderr
    if not case.makes:
        [line] = [line for line in done.stderr.splitlines() if line.startswith("Set-up stops: ")]
        assert done.stderr.splitlines()[-1] == line
        assert not (tmp_path / ".venv").exists()
    else:
        assert (tmp_path / ".venv" / "has-pip").exists()
    changing = [call for call in machine.calls() if not call.startswith(("python", "mine", "brought", "sudo -n true"))]
    at = 0
    for step in case.by.split("; ") if case.by else ():
        words = step.split()
        found = [n for n, call in enumerate(changing[at:], at) if all(word in call.split() for word in words)]
        assert found, f"{step!r} is missing in {changing[at:]}"
        at = found[0] + 1
    assert (changing == []) is (not case.by) or not case.makes
    assert not [name for name in machine.entries() if name.startswith("tmp.")], "a temporary directory was left"


def test_what_is_there_and_right_stays(tmp_path: Path) -> None:
    machine = _machine(tmp_path, Case({"python3": "3.12.3"}))
    machine.run("make-venv", ".venv", environment={})
    (tmp_path / ".venv" / "mark").touch()

    assert machine.run("make-venv", ".venv", environment={}).returncode == 0
    assert (tmp_path / ".venv" / "mark").exists()


@pytest.mark.parametrize("wrong", ["no pip", "too old", "no Python any more", "another than PYTHON"])
def test_what_is_there_and_wrong_is_made_anew(tmp_path: Path, wrong: str) -> None:
    """A set-up that was broken off, or a system that was upgraded, leaves such ones."""
    machine = _machine(tmp_path, Case({"python3": "3.10.1" if wrong == "too old" else "3.12.3", "mine": "3.13.1"}))
    made_by = "mine" if wrong == "too old" else "python3"
    machine.run("make-venv", ".venv", environment={"PYTHON": made_by})
    venv = tmp_path / ".venv"
    (venv / "mark").touch()
    match wrong:
        case "no pip":
            (venv / "has-pip").unlink()
        case "too old":
            (venv / "bin" / "python").write_text((machine.bin / "python3").read_text())
        case "no Python any more":
            (venv / "bin" / "python").unlink()

    assert machine.run("make-venv", ".venv", environment={"PYTHON": "mine"}).returncode == 0
    assert _version(machine) == "3.13.1"
    assert not (venv / "mark").exists()


def test_a_directory_of_something_else_is_not_taken_away(tmp_path: Path) -> None:
    machine = _machine(tmp_path, Case({"python3": "3.12.3"}))
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "letters").touch()

    done = machine.run("make-venv", ".venv", environment={})

    assert done.returncode == 1
    assert ".venv is there and is no virtual environment" in done.stderr
    assert (tmp_path / ".venv" / "letters").exists()


@pytest.mark.parametrize(("asked", "answer"), [("mine", "yes\n"), ("python3", ""), ("", "")])
def test_it_tells_whether_another_python_is_asked_for(tmp_path: Path, asked: str, answer: str) -> None:
    machine = _machine(tmp_path, Case({"python3": "3.12.3", "mine": "3.13.1"}))
    machine.run("make-venv", ".venv", environment={})

    assert machine.run("make-venv", "--differs", ".venv", environment={"PYTHON": asked}).stdout == answer


def test_with_the_real_python_and_without_pip_of_its_own(tmp_path: Path) -> None:
    """The counter-proof of the made ones: the probes work on the Python that runs this."""
    machine = Machine(tmp_path, user=USER)
    done = machine.run("make-venv", ".venv", environment={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"})

    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".venv" / "bin" / "pip").exists()


def test_the_oldest_python_is_claimed_alike_everywhere() -> None:
    script = (REPOSITORY / "scripts" / "make-venv").read_text()
    oldest, newest = (re.search(rf"^{name}=(3\.\d+)$", script, re.MULTILINE) for name in ("oldest", "newest"))
    assert oldest is not None
    assert newest is not None
    project = (REPOSITORY / "backend" / "pyproject.toml").read_text()
    assert f'requires-python = ">={oldest[1]}"' in project
    assert f'python_version = "{oldest[1]}"' in project
    for page in ("README.md", "docs/quickstart.md"):
        assert f"Python {oldest[1]} or newer" in (REPOSITORY / page).read_text(), page
    ci = (REPOSITORY / ".github" / "workflows" / "ci.yml").read_text()
    matrix = re.search(r"python: \[(.*)\]", ci)
    assert matrix is not None
    minors = range(int(oldest[1][2:]), int(newest[1][2:]) + 1)
    assert matrix[1] == ", ".join(f'"3.{minor}"' for minor in minors)
