"""Programs that only tests need: installed where that may be, else named, all at once, before the first test runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.packaging.machine import REPOSITORY, Machine

USER = 1000
EVERYTHING = ("curl", "libatomic1", "chromium", "strace", "promtool", "alertmanager", "terraform")
"""What the made machines know; ``libatomic1`` stands for the library that the browser's driver needs."""

# The environment's Python: the driver runs where the library is, the browser where Chromium or Playwright's own is.
_PYTHON = """
case "$*" in
  *'playwright --version'*) [ -e "$root/has/libatomic1" ] ;;
  *tests.e2e.browser*)
    [ -e "$root/has/chromium" ] || [ -e "$root/has/chromium-headless-shell" ] || [ -e "$root/has/playwrights" ] ;;
  *'playwright install'*) {downloads} && touch "$root/has/playwrights" ;;
  *) exit 64 ;;
esac
"""
_PACKAGES = """
case "$*" in
  *'policy chromium-headless-shell') echo '  Candidate: {headless_shell}' ;;
  *'policy chromium') echo '  Candidate: {chromium}' ;;
  *' download promtool') [ {promtool} = own ] && touch promtool_1_amd64.deb ;;
  *' download '*) for name; do :; done && touch "$name"_1_amd64.deb ;;
  'install '* | 'add '*)
    for name; do
      case "$name" in -*) continue ;; libatomic) name=libatomic1 ;; opentofu) name=tofu ;; esac
      touch "$root/has/$name"
      case "$name" in prometheus) name=promtool ;; curl | strace | tofu | *alertmanager) ;; *) continue ;; esac
      printf '#!/bin/sh\\n' > "$root/bin/$name" && chmod +x "$root/bin/$name"
    done ;;
esac
"""


@dataclass(frozen=True)
class Case:
    """A machine that has ``has``, and what comes of it."""

    has: tuple[str, ...] = EVERYTHING
    manager: str = "apt-get"
    user: int = USER
    system: str = "Linux"
    environment: Mapping[str, str] = field(default_factory=dict)
    chromium: str = "120.0"
    """The version of the package that apt offers; without its lists it knows none."""
    headless_shell: str = "(none)"
    """The version of that package, likewise."""
    release: str = "debian"
    promtool: str = "of prometheus"
    """Which package brings it: its own since Debian 13."""
    downloads: bool = False
    """Can Playwright fetch its own browser?"""
    code: int = 0
    says: tuple[str, ...] = ()
    does_not_say: tuple[str, ...] = ()
    installs: tuple[str, ...] = ()
    """Words of the calls that change the machine, in order."""


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in EVERYTHING if name not in names)


NEEDED = "The tests need what is not here:"
OPTIONAL = "Not here, so that tests will be skipped (with CI=true this is an error):"
CASES = {
    "everything is there": Case(does_not_say=(NEEDED, OPTIONAL, "Install")),
    "tofu will do": Case(has=(*without("terraform"), "tofu"), does_not_say=(OPTIONAL,)),
    "nothing is there, a user: all of it at once": Case(
        has=(),
        code=1,
        says=(
            NEEDED,
            "curl: ",
            "libatomic: ",
            "Chromium or Chrome",
            OPTIONAL,
            "strace: ",
            "terraform or tofu",
            "Install: sudo apt-get install curl libatomic1 chromium strace prometheus-alertmanager\n",
        ),
        installs=("apt-get download prometheus",),
    ),
    "nothing is there, root": Case(
        has=(),
        user=0,
        says=(OPTIONAL, "terraform or tofu"),
        does_not_say=(NEEDED, "Install"),
        installs=(
            "apt-get update",
            "apt-get install curl libatomic1 chromium",
            "apt-get install strace",
            "apt-get install prometheus-alertmanager",
            "apt-get download prometheus",
        ),
    ),
    "nothing is there, CI's root": Case(
        has=(), user=0, environment={"CI": "true"}, code=1, says=(OPTIONAL, "terraform or tofu")
    ),
    "nothing but terraform, CI's user": Case(
        has=("terraform", "sudo"),
        environment={"CI": "true"},
        does_not_say=(NEEDED, OPTIONAL),
        installs=("sudo apt-get install curl libatomic1 chromium", "sudo apt-get install strace"),
    ),
    "a user who has sudo is not changed": Case(
        has=(*without("curl"), "sudo"), code=1, says=("Install: sudo apt-get install curl\n",)
    ),
    "only strace is missing": Case(
        has=without("strace"), says=(OPTIONAL, "Install: sudo apt-get install strace\n"), does_not_say=(NEEDED,)
    ),
    "only strace is missing, CI": Case(has=without("strace"), environment={"CI": "true"}, code=1, says=("strace: ",)),
    "macOS has no strace": Case(has=without("strace"), system="Darwin", does_not_say=(OPTIONAL,)),
    "a browser of Playwright's, for a user": Case(
        has=without("chromium"), downloads=True, installs=("python -m playwright install chromium",)
    ),
    "Ubuntu's Chromium is a snap, root": Case(
        has=without("chromium"),
        user=0,
        chromium="2:1snap1-0ubuntu2",
        downloads=True,
        installs=("python -m playwright install --with-deps chromium",),
    ),
    "Ubuntu's Chromium is a snap, a user": Case(
        has=without("chromium"),
        chromium="2:1snap1-0ubuntu2",
        code=1,
        says=("Install: sudo .venv/bin/python -m playwright install --with-deps chromium\n",),
    ),
    "apt has no lists yet, Debian": Case(
        has=without("chromium"), chromium="", code=1, says=("Install: sudo apt-get install chromium\n",)
    ),
    "apt has no lists yet, Ubuntu": Case(
        has=without("chromium"),
        chromium="",
        release="ubuntu",
        code=1,
        says=("playwright install --with-deps chromium\n",),
    ),
    "the headless shell comes instead of the whole browser": Case(
        has=without("chromium"),
        user=0,
        headless_shell="120.0",
        does_not_say=(NEEDED,),
        installs=("apt-get install chromium-headless-shell",),
    ),
    "the headless shell comes beside a browser, where that may be": Case(
        user=0, headless_shell="120.0", installs=("apt-get install chromium-headless-shell",)
    ),
    "a user has a browser and is not asked for the headless shell": Case(
        headless_shell="120.0", does_not_say=(NEEDED, OPTIONAL, "Install")
    ),
    "promtool has a package of its own": Case(
        has=without("promtool"), promtool="own", does_not_say=(OPTIONAL,), installs=("apt-get download promtool",)
    ),
    "the driver does not run: no browser is fetched": Case(
        has=without("libatomic1", "chromium"),
        code=1,
        says=("Install: sudo apt-get install libatomic1 chromium\n",),
    ),
    "Fedora": Case(
        has=(),
        manager="dnf",
        code=1,
        says=(
            "Install: sudo dnf install curl libatomic chromium strace golang-github-prometheus"
            " golang-github-prometheus-alertmanager opentofu\n",
        ),
    ),
    "Alpine, root": Case(has=(), manager="apk", user=0, does_not_say=(NEEDED, OPTIONAL)),
    "macOS": Case(
        has=without("promtool", "terraform"),
        manager="brew",
        system="Darwin",
        says=(OPTIONAL, "Install: brew install prometheus opentofu\n"),
    ),
    "no package manager that is known": Case(
        has=without("curl"), manager="", code=1, says=(NEEDED, "curl: "), does_not_say=("Install",)
    ),
}


def _machine(root: Path, case: Case) -> Machine:
    machine = Machine(root, user=case.user)
    (root / "has").mkdir()
    (root / "os-release").write_text(f'NAME="A system"\nID={case.release}\n')
    for name in case.has:
        (root / "has" / name).touch()
        if name not in ("libatomic1", "chromium", "sudo"):
            machine.program(name, "")
    if "sudo" in case.has:
        machine.program("sudo", 'shift; "$@"')
    machine.program("uname", f"echo {case.system}")
    packages = _PACKAGES.format(
        chromium=case.chromium, headless_shell=case.headless_shell, promtool=case.promtool.split()[0]
    )
    if case.manager:
        machine.program(case.manager, packages)
    if case.manager == "apt-get":
        machine.program("apt-cache", packages)
        machine.program(
            "dpkg-deb",
            'mkdir -p usr/bin && printf "#!/bin/sh\\n" > usr/bin/promtool && chmod +x usr/bin/promtool',
        )
    # The script works where it lies.
    for name in ("install-test-programs", "packages.sh"):
        (root / "scripts").mkdir(exist_ok=True)
        (root / "scripts" / name).symlink_to(REPOSITORY / "scripts" / name)
    (root / "backend").mkdir()
    (root / ".venv" / "bin").mkdir(parents=True)
    downloads = "true" if case.downloads else "false"
    machine.program("python", _PYTHON.format(downloads=downloads), folder=root / ".venv" / "bin")
    return machine


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_it_installs_or_names(tmp_path: Path, case: Case) -> None:
    machine = _machine(tmp_path, case)

    environment = {**case.environment, "OS_RELEASE": str(tmp_path / "os-release")}
    done = machine.run(tmp_path / "scripts" / "install-test-programs", ".venv", environment=environment)

    assert done.returncode == case.code, done.stderr
    assert [words for words in case.says if words not in done.stderr] == []
    assert [words for words in case.does_not_say if words in done.stderr] == []
    at = 0
    calls = machine.calls()
    for step in case.installs:
        found = [n for n, call in enumerate(calls[at:], at) if set(step.split()) <= set(call.split())]
        assert found, f"{step!r} is missing in {calls[at:]}"
        at = found[0] + 1
    if not case.installs:
        changing = [call for call in calls if " install " in call and "playwright" not in call]
        assert changing == [] or case.user == 0
    assert not [name for name in machine.entries() if name.startswith("tmp.")], "a temporary directory was left"
