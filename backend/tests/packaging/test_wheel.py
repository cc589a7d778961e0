"""The built wheel in an empty virtual environment: the page is inside, and a job completes with no Node in sight."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import msgspec
import pytest

BACKEND = Path(__file__).parents[2]
FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 0.1\n'


def _run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=BACKEND, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`job-processor` as a user has it after installing the wheel."""
    scratch = tmp_path_factory.mktemp("wheel")
    assert (BACKEND / "src/job_processor/ui/index.html").is_file(), "the page is not built: make build"
    _run(sys.executable, "-m", "uv", "build", "--wheel", "--no-build-isolation", "--quiet", "-o", scratch)
    (wheel,) = scratch.glob("*.whl")
    # Debian's Python can put no pip into it.
    _run(sys.executable, "-m", "venv", "--without-pip", scratch / "empty")
    pip = (sys.executable, "-m", "pip", "--python", scratch / "empty/bin/python")
    _run(*pip, "install", "-q", "--no-compile", "--no-deps", "--no-index", wheel)
    (packages,) = scratch.glob("empty/lib/python*/site-packages")
    _copy_dependencies(packages)
    _run(*pip, "check")
    return scratch / "empty/bin/job-processor"


def _copy_dependencies(target: Path) -> None:
    """What runtime.txt names, and nothing else, as it is installed here: to read its index takes pip most of the test's
    time. That the file itself installs, with its hashes, is shown where images and releases are built."""
    named = re.findall(r"^([\w.-]+)==([^\s;]+)", (BACKEND / "requirements/runtime.txt").read_text(), re.MULTILINE)
    for name in dict(named):
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # for another system or Python
        assert (name, package.version) in named
        assert package.files
        for file in package.files:
            if ".." not in file.parts and file.suffix != ".pyc":
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target / file)


@pytest.fixture
def base(command: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server that was started with nothing but the system's own programs at hand."""
    (tmp_path / "flows.toml").write_text(FLOWS)
    process = subprocess.Popen(
        [str(command), "serve", "--port", "0", "--data-dir", "data"],
        cwd=tmp_path,
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        with process.stdout:
            found = re.search(r"http://\S+?(?=/ui/)", process.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_it_serves_the_page_and_completes_a_job(base: str) -> None:
    with urllib.request.urlopen(f"{base}/ui/") as page:
        assert b'<div id="root">' in page.read()
    wanted = urllib.request.Request(f"{base}/jobs", b'{"prompt": "hello"}', {"content-type": "application/json"})
    with urllib.request.urlopen(wanted) as answer:
        location = answer.headers["location"]
    patient = urllib.request.Request(f"{base}{location}", headers={"prefer": "wait=20"})
    with urllib.request.urlopen(patient) as answer:
        assert msgspec.json.decode(answer.read())["status"] == "COMPLETED"
