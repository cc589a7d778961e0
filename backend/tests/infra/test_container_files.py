"""The small programs inside the containers, and what two files must agree on."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from job_processor.settings import load

REPOSITORY = Path(__file__).resolve().parents[3]
CONTAINERS = REPOSITORY / "infrastructure/containers"

# Stand-ins for the two programs that backup.py calls: they copy, and mark what they have done.
FAKE_AGE = """#!/bin/sh
case "$1" in
  --encrypt) mark=sealed ;;
  *) mark=opened ;;
esac
while [ "$#" -gt 1 ]; do
  [ "$1" = -o ] && out=$2
  shift
done
{ echo "$mark"; cat "$1"; } >"$out"
"""
FAKE_JOB_PROCESSOR = """#!/bin/sh
[ -z "$FAIL" ] || exit 1
case "$1" in
  backup) echo jobs >"$3" ;;
  restore) cp "$3" "$RESTORED" ;;
esac
"""
FAKE_AGE_KEYGEN = "#!/bin/sh\necho AGE-SECRET-KEY-EXAMPLE\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (
        ("age", FAKE_AGE),
        ("age-keygen", FAKE_AGE_KEYGEN),
        ("job-processor", FAKE_JOB_PROCESSOR),
    ):
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    return {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "BACKUP_DIR": str(tmp_path / "backups"),
        "SECRETS_DIR": str(tmp_path / "secrets"),
        "RESTORED": str(tmp_path / "restored"),
        "BACKUP_KEEP": "2",
    }


def run(program: str, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CONTAINERS / program), *arguments]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=30)


def make_secrets(tmp_path: Path, environment: dict[str, str], *arguments: str) -> dict[str, str]:
    volume, operator = tmp_path / "secrets", tmp_path / "operator"
    volume.mkdir(exist_ok=True)
    operator.mkdir(exist_ok=True)
    result = run(
        "make_secrets.py",
        "--volume",
        str(volume),
        "--operator",
        str(operator),
        *arguments,
        environment=environment,
    )
    assert result.returncode == 0, result.stderr
    return {path.name: path.read_text(encoding="utf-8") for path in volume.iterdir()}


def test_secrets_are_strong_private_and_stay(tmp_path: Path, environment: dict[str, str]) -> None:
    first = make_secrets(tmp_path, environment)
    assert len(first["webhook-secret"]) >= 32
    assert first["mongodb-app-password"] in first["mongodb-uri"]
    assert first["n8n-webhook-secret"] == first["webhook-secret"]
    assert first["app-n8n-token"] == first["n8n-token"]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o400}
    assert make_secrets(tmp_path, environment) == first


def test_what_the_operator_brings_wins(tmp_path: Path, environment: dict[str, str]) -> None:
    make_secrets(tmp_path, environment)
    brought = "0123456789abcdef0123456789abcdef"
    (tmp_path / "operator/webhook-secret").write_text(brought + "\n", encoding="utf-8")
    (tmp_path / "operator/mongodb-uri").write_text("mongodb://db.example.com/jobs", encoding="utf-8")
    after = make_secrets(tmp_path, environment)
    assert after["webhook-secret"] == after["n8n-webhook-secret"] == brought
    assert after["mongodb-uri"] == "mongodb://db.example.com/jobs"


def test_a_password_that_the_operator_chose_is_encoded_in_the_address(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    make_secrets(tmp_path, environment)
    (tmp_path / "operator/mongodb-app-password").write_text("p@ss/wörd:1", encoding="utf-8")
    uri = make_secrets(tmp_path, environment)["mongodb-uri"]
    assert uri.startswith("mongodb://job_processor:p%40ss%2Fw%C3%B6rd%3A1@mongodb:27017/")


def test_rotation_keeps_the_secret_before(tmp_path: Path, environment: dict[str, str]) -> None:
    before = make_secrets(tmp_path, environment)
    after = make_secrets(tmp_path, environment, "--rotate", "webhook-secret")
    assert after["webhook-secret-previous"] == before["webhook-secret"]
    assert after["webhook-secret"] != before["webhook-secret"]
    assert after["n8n-webhook-secret"] == after["webhook-secret"]


def backups(environment: dict[str, str]) -> list[Path]:
    return sorted(Path(environment["BACKUP_DIR"]).iterdir())


def test_backup_is_sealed_and_comes_back(tmp_path: Path, environment: dict[str, str]) -> None:
    make_secrets(tmp_path, environment)
    assert run("backup.py", "once", environment=environment).returncode == 0
    (backup,) = backups(environment)
    assert backup.read_text(encoding="utf-8") == "sealed\njobs\n"
    assert run("backup.py", "health", environment=environment).returncode == 0
    restored = run("backup.py", "restore", backup.name, environment=environment)
    assert restored.returncode == 0, restored.stderr
    assert Path(environment["RESTORED"]).read_text(encoding="utf-8") == "opened\nsealed\njobs\n"
    assert backups(environment) == [backup], "no plain copy may stay behind"


def test_only_the_newest_are_kept(environment: dict[str, str]) -> None:
    folder = Path(environment["BACKUP_DIR"])
    folder.mkdir()
    for day in ("01", "02", "03"):
        (folder / f"job-processor-202601{day}T030000Z.age").touch()
    assert run("backup.py", "once", environment=environment).returncode == 0
    names = [path.name for path in backups(environment)]
    assert len(names) == 2
    assert names[0] == "job-processor-20260103T030000Z.age"


def test_a_failed_backup_removes_nothing_and_leaves_nothing(environment: dict[str, str]) -> None:
    folder = Path(environment["BACKUP_DIR"])
    folder.mkdir()
    old = folder / "job-processor-20260101T030000Z.age"
    old.touch()
    assert run("backup.py", "once", environment=environment | {"FAIL": "1"}).returncode != 0
    assert backups(environment) == [old]


def test_stale_backups_are_unhealthy(environment: dict[str, str]) -> None:
    folder = Path(environment["BACKUP_DIR"])
    folder.mkdir()
    assert run("backup.py", "health", environment=environment).returncode == 1
    old = folder / "job-processor-20260101T030000Z.age"
    old.touch()
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    assert run("backup.py", "health", environment=environment).returncode == 1


def test_dashboard_asks_only_for_metrics_that_the_alerts_or_the_contract_know() -> None:
    known = {
        "jobs",
        "oldest_pending_seconds",
        "completed_total",
        "failed_total",
        "attempts_total",
        "lane_open",
        "store_up",
        "submitted_total",
        "callbacks_total",
        "job_seconds_bucket",
    }
    texts = [
        (REPOSITORY / name).read_text(encoding="utf-8")
        for name in (
            "infrastructure/dashboards/job-processor.json",
            "infrastructure/observability/alerts.yml",
        )
    ]
    used = {
        word.removeprefix("job_processor_")
        for text in texts
        for word in text.replace("{", " ").replace("[", " ").replace("(", " ").replace(")", " ").split()
        if word.startswith("job_processor_")
    }
    assert {name.rstrip('",') for name in used} <= known


def compose_hosts(**given: str) -> str:
    """What Compose hands the API as ALLOWED_HOSTS, with these in .env."""
    found = re.search(r'ALLOWED_HOSTS: "(.*)"', (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
    assert found is not None
    return re.sub(r"\$\{(\w+):-([^}]*)}", lambda m: given.get(m[1]) or m[2], found[1])


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"SITE_HOST": "jobs.example.com", "ALLOWED_HOSTS": "jobs.internal,10.0.0.5"},
        {"BIND_ADDRESS": "10.0.0.5", "API_BIND_ADDRESS": "fd00::5"},
    ],
)
def test_the_stack_names_the_hosts_it_answers_to(given: dict[str, str]) -> None:
    loaded = load(
        {
            "APP_ENV": "production",
            "HOST": "0.0.0.0",
            "AUTH": "proxy",
            "WEBHOOK_SECRET": "9f1c27d04be85a36c7e20d14f58b963a",
            "ALLOWED_HOSTS": compose_hosts(**given),
        }
    )

    assert {"localhost", "127.0.0.1", "[::1]", "backend"} <= set(loaded.allowed_hosts)
    for name in ",".join(given.values()).split(","):
        assert {name, f"[{name}]"} & set(loaded.allowed_hosts) or not name
    assert "evil.example" not in loaded.allowed_hosts
