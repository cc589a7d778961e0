"""Before MongoDB would crash: the stack's first service says what the CPU lacks, and what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
CONTAINERS = REPOSITORY / "infrastructure/containers"
CELERON = (
    "processor\t: 0\nmodel name\t: Intel(R) Celeron(R) J4105\nflags\t\t: fpu vme sse sse2 ssse3 sse4_1 sse4_2 aes\n"
)
QEMU = "processor\t: 0\nmodel name\t: QEMU Virtual CPU version 2.5+\nflags\t\t: fpu de pse tsc sse sse2 cx16 lahf_lm\n"
XEON = "processor\t: 0\nflags\t\t: fpu sse sse2 avx f16c avx2 avx512f\n\nprocessor\t: 1\nflags\t\t: fpu avx\n"
PI_4 = "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU architecture: 8\n"
PI_5 = "processor\t: 0\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimddp\n"
AMPERE = "processor\t: 0\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid dcpop\n"
PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
import cpu_check
for machine, path in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    said = cpu_check.refusal(machine, Path(path))
    print("fine" if said is None else said.replace(chr(10), " "))
"""


def test_only_a_cpu_that_lacks_something_is_refused(tmp_path: Path) -> None:
    cases = {
        "celeron": ("x86_64", CELERON, True),
        "virtual": ("x86_64", QEMU, True),
        "xeon": ("x86_64", XEON, False),
        "pi-4": ("aarch64", PI_4, True),
        "pi-5": ("aarch64", PI_5, False),
        "ampere": ("arm64", AMPERE, False),
        # Nothing is known: MongoDB is tried.
        "other": ("riscv64", "processor\t: 0\nisa\t: rv64imafdc\n", False),
        "empty": ("x86_64", "", False),
    }
    arguments = []
    for name, (machine, text, _) in cases.items():
        (tmp_path / name).write_text(text)
        arguments += [machine, str(tmp_path / name)]
    arguments += ["x86_64", str(tmp_path / "no-such-file")]
    program = [sys.executable, "-c", PROGRAM.format(folder=str(CONTAINERS)), *arguments]

    said = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    assert [line != "fine" for line in said] == [*(refused for _, _, refused in cases.values()), False]
    for line in said:
        assert line == "fine" or "docker compose -f compose.sqlite.yml up --build" in line
    assert "AVX" in said[0]
    assert "ARMv8.2-A" in said[3]


def test_the_command_that_is_advised_is_there() -> None:
    assert (REPOSITORY / "compose.sqlite.yml").is_file()
    assert (CONTAINERS / "external-database.yml").is_file()


@pytest.mark.parametrize(
    ("given", "refused"),
    [({}, True), ({"CPU_CHECK": "off"}, False), ({"MONGODB_URI": "mongodb://db.example.com/jobs"}, False)],
)
def test_the_first_service_refuses_unless_mongodb_is_elsewhere(
    tmp_path: Path, given: dict[str, str], refused: bool
) -> None:
    """make_secrets.py, with a cpu_check that finds a CPU without AVX."""
    shutil.copytree(CONTAINERS, tmp_path / "code", ignore=shutil.ignore_patterns("__pycache__", "operator-secrets"))
    (tmp_path / "volume").mkdir()
    (tmp_path / "code/cpu_check.py").write_text("def refusal() -> str:\n    return 'no AVX here'\n")
    (tmp_path / "age-keygen").write_text("#!/bin/sh\necho AGE-SECRET-KEY-EXAMPLE\n")
    (tmp_path / "age-keygen").chmod(0o755)
    command = [sys.executable, str(tmp_path / "code/make_secrets.py"), "--volume", str(tmp_path / "volume")]
    command += ["--operator", str(tmp_path / "none")]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **given}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    made = {path.name for path in (tmp_path / "volume").iterdir()}
    if refused:
        assert (done.returncode, done.stderr, made) == (1, "no AVX here\n", set())
    else:
        assert done.returncode == 0, done.stderr
        assert "webhook-secret" in made
