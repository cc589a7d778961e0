"""Settings: every fault at once, each naming its setting. Rows J1 and L9."""

from pathlib import Path

import pytest

from job_processor import settings
from job_processor.settings import load
from tests.settings.exposed import GOOD, faults, named

CANARY = "canary-7f3a"


def test_without_any_setting_it_starts_on_loopback_with_the_documented_secret() -> None:
    loaded = load({})

    assert (loaded.host, loaded.port, loaded.webhook_secrets) == ("127.0.0.1", 3000, ("dev-secret-key",))
    assert (loaded.mongodb_uri, loaded.flows_file, loaded.retention_days) == (None, None, 30)
    assert not loaded.is_exposed


def test_every_fault_is_found_at_once() -> None:
    found = faults(
        APP_ENV="prod",
        PORT="70000",
        PUBLIC_URL="ftp://x",
        AUTH="maybe",
        RETENTION_DAYS="nan",
        LOG_LEVEL="loud",
        LOG_FORMAT="xml",
        FLOWS_FILE="no-such.toml",
        CORS_ORIGINS="*",
    )

    assert named(found) == {
        "APP_ENV",
        "PORT",
        "PUBLIC_URL",
        "AUTH",
        "RETENTION_DAYS",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "FLOWS_FILE",
        "CORS_ORIGINS",
    }


def test_no_fault_shows_a_secret() -> None:
    found = faults(APP_ENV="production", WEBHOOK_SECRET=CANARY, WEBHOOK_SECRET_PREVIOUS=CANARY, MONGODB_URI=CANARY)

    assert CANARY not in "\n".join(found)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{GOOD}\n")

    assert load({"WEBHOOK_SECRET_FILE": str(tmp_path / "secret")}).webhook_secrets == (GOOD,)


def test_a_secret_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "good").write_text(GOOD)

    for path in ("no-such", "binary", "empty", "."):
        assert named(faults(WEBHOOK_SECRET_FILE=str(tmp_path / path))) == {"WEBHOOK_SECRET_FILE"}
    both = faults(WEBHOOK_SECRET=GOOD, WEBHOOK_SECRET_FILE=str(tmp_path / "good"))
    assert named(both) == {"WEBHOOK_SECRET"}


def test_two_secrets_are_valid_during_a_rotation() -> None:
    assert load({"WEBHOOK_SECRET": "new", "WEBHOOK_SECRET_PREVIOUS": "old"}).webhook_secrets == ("new", "old")


@pytest.mark.parametrize(
    "origins",
    ["*", "https://a.example,*", "example.com", "https://a.example/path", "null", "https://*.a.example", "https://"],
)
def test_an_origin_that_could_never_match_or_matches_all_is_refused(origins: str) -> None:
    assert named(faults(CORS_ORIGINS=origins)) == {"CORS_ORIGINS"}


def test_names_are_read_by_commas() -> None:
    loaded = load({"CORS_ORIGINS": "https://a.example, http://b:8080 ,", "ALLOWED_HOSTS": "x,y"})

    assert (loaded.cors_origins, loaded.allowed_hosts) == (("https://a.example", "http://b:8080"), ("x", "y"))


@pytest.mark.parametrize(
    ("environment", "base"),
    [
        ({}, "http://127.0.0.1:3000"),
        ({"HOST": "localhost"}, "http://127.0.0.1:3000"),
        ({"HOST": "::1"}, "http://[::1]:3000"),
        ({"PUBLIC_URL": "https://jobs.example.com/base/"}, "https://jobs.example.com/base"),
    ],
)
def test_where_processors_call_back(environment: dict[str, str], base: str) -> None:
    assert load(environment).callback_base(3000) == base


def test_a_flows_file_beside_is_found(tmp_path: Path) -> None:
    (tmp_path / "flows.toml").write_text("")

    assert load({}).flows_file == Path("flows.toml")


def test_every_setting_is_documented_once() -> None:
    names = [setting.name for setting in settings.TABLE]

    assert len(names) == len(set(names))
    assert all(setting.help for setting in settings.TABLE)


def test_a_secret_that_a_flow_names_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    environment = load({"N8N_TOKEN_FILE": str(tmp_path / "key"), "GONE_FILE": str(tmp_path / "gone")}).environment
    assert environment["N8N_TOKEN"] == "from-a-file"
    assert environment.get("GONE") is None
    given_too = load({"N8N_TOKEN": "given", "N8N_TOKEN_FILE": str(tmp_path / "key")}).environment
    assert given_too["N8N_TOKEN"] == "given"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("", ""),
        ("https://jobs.example.com", ""),
        ("https://jobs.example.com/", ""),
        ("https://example.com/jobs-app", "/jobs-app"),
        ("https://example.com:8443/team_1/~a/v1.0/", "/team_1/~a/v1.0"),
        ("http://[fd00::5]:3000/a", "/a"),
        ("https://example.com/a/jobs", "/a/jobs"),
        ("https://example.com/Jobs", "/Jobs"),
    ],
)
def test_the_path_of_the_public_url_is_the_base_path(url: str, base: str) -> None:
    loaded = load({"PUBLIC_URL": url})

    assert loaded.base_path == base
    assert loaded.callback_base(3000) == (url.rstrip("/") or "http://127.0.0.1:3000")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/jobs",
        "https://example.com/ui/",
        "https://example.com/health/x",
        "https://example.com/a//b",
        "https://example.com//a",
        "https://example.com/../a",
        "https://example.com/a/..",
        "https://example.com/.",
        "https://example.com/a b",
        "https://example.com/a%20b",
        'https://example.com/a"b',
        "https://example.com/ü",
        "https://example.com/a;b",
        "https://example.com/a?b",
        "https://example.com/a#b",
        "https://example.com:port/a",
        "https:///a",
        "https://[fd00/a",
        "example.com/a",
    ],
)
def test_a_public_url_that_cannot_be_served_is_refused(url: str) -> None:
    [fault] = faults(PUBLIC_URL=url)

    assert fault.startswith("PUBLIC_URL must ")


@pytest.mark.parametrize(
    ("value", "file", "expected"),
    [
        ("", "key", "from-a-file"),
        (None, "key", "from-a-file"),
        ("given", "key", "given"),
        ("given", "", "given"),
        ("", "", ""),
        (None, "", None),
        ("", "gone", None),
        ("", "binary", None),
    ],
)
def test_an_empty_variable_is_like_none(tmp_path: Path, value: str | None, file: str, expected: str | None) -> None:
    """Compose passes every variable that it names: an empty one must not hide the file, nor an empty path the value."""
    (tmp_path / "key").write_text("from-a-file\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    given = {"KEY_FILE": str(tmp_path / file) if file else ""} | ({} if value is None else {"KEY": value})
    assert load(given).environment.get("KEY") == expected
