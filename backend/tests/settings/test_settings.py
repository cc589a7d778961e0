"""Settings: every fault at once, each naming its setting. Rows J1 and L9."""

from pathlib import Path

import pytest

from job_processor import settings
from job_processor.core.errors import SettingsInvalid
from job_processor.settings import load

GOOD = "9f1c27d04be85a36c7e20d14f58b963a"
CONTAINER = {"APP_ENV": "production", "HOST": "0.0.0.0", "WEBHOOK_SECRET": GOOD, "ALLOWED_HOSTS": "localhost"}
CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No flows.toml beside the tests may be found."""
    monkeypatch.chdir(tmp_path)


def faults(**environment: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        load(environment)
    return str(caught.value).splitlines()


def named(found: list[str]) -> set[str]:
    return {fault.split()[0] for fault in found}


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


@pytest.mark.parametrize(
    "exposure", [{"APP_ENV": "production"}, {"HOST": "0.0.0.0"}, {"HOST": "::"}, {"HOST": "jobs.lan"}]
)
def test_j1_an_exposed_start_names_every_unsafe_setting(exposure: dict[str, str]) -> None:
    found = faults(
        **exposure, CORS_ORIGINS="*", FAILPOINTS="sqlite.before_commit:kill", WEBHOOK_SECRET_PREVIOUS="short"
    )

    assert named(found) == {"WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS", "CORS_ORIGINS", "FAILPOINTS"}
    assert named(faults(**exposure, AUTH="off", WEBHOOK_SECRET=GOOD)) == {"AUTH"}
    assert named(faults(**{"HOST": "0.0.0.0", **exposure}, AUTH="proxy", WEBHOOK_SECRET=GOOD)) == {"ALLOWED_HOSTS"}
    assert all(word in " ".join(found) for word in ("production" if "APP_ENV" in exposure else "loopback",))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "  ",
        "short",
        "x" * 31,
        "dev-secret-key",
        "DEV-SECRET-KEY",
        "changethis",
        " " * 40,
        "a" * 32,
        "changeme" * 4,
        "dev-secret-key,dev-secret-key,dev-secret-key",
        " dev-secret-key" + " " * 40,
    ],
)
def test_j1_a_missing_short_or_example_secret_is_refused(secret: str) -> None:
    found = faults(APP_ENV="production", AUTH="proxy", WEBHOOK_SECRET=secret)

    assert named(found) == {"WEBHOOK_SECRET"}


def test_j1_with_everything_in_order_an_exposed_start_is_allowed() -> None:
    loaded = load(
        {"APP_ENV": "production", "HOST": "0.0.0.0", "AUTH": "proxy", "WEBHOOK_SECRET": GOOD, "ALLOWED_HOSTS": "a"}
    )

    assert loaded.is_exposed
    assert loaded.webhook_secrets == (GOOD,)


@pytest.mark.parametrize(
    ("environment", "auth", "access_log"),
    [
        ({}, "off", False),
        ({"HOST": "::1"}, "off", False),
        ({"ACCESS_LOG": "on"}, "off", True),
        ({"AUTH": "keys"}, "keys", True),
        ({"AUTH": "KEYS", "ACCESS_LOG": "off"}, "keys", False),
        ({"APP_ENV": "production", "WEBHOOK_SECRET": GOOD}, "keys", True),
        ({"HOST": "0.0.0.0", "WEBHOOK_SECRET": GOOD}, "keys", True),
        ({"HOST": "::1", "AUTH": "proxy"}, "proxy", True),
        ({**CONTAINER, "PUBLISHED_AT": "127.0.0.1,[::1]"}, "off", False),
        ({**CONTAINER, "PUBLISHED_AT": "127.0.0.1", "AUTH": "keys"}, "keys", True),
        ({**CONTAINER, "PUBLISHED_AT": "127.0.0.1,0.0.0.0"}, "keys", True),
        ({**CONTAINER, "PUBLISHED_AT": "[::]"}, "keys", True),
        ({**CONTAINER, "PUBLISHED_AT": "10.0.0.5", "AUTH": "proxy"}, "proxy", True),
        ({"WEBHOOK_SECRET": GOOD, "PUBLISHED_AT": "10.0.0.5"}, "keys", True),
    ],
)
def test_keys_are_asked_for_everywhere_but_on_loopback(
    environment: dict[str, str], auth: str, access_log: bool
) -> None:
    loaded = load(environment)
    assert (loaded.auth, loaded.access_log) == (auth, access_log)


@pytest.mark.parametrize("published", ["0.0.0.0", "127.0.0.1,10.0.0.5", "[::]", "::", "203.0.113.7"])
def test_a_container_that_others_reach_is_not_started_without_a_login(published: str) -> None:
    [fault] = faults(**CONTAINER, PUBLISHED_AT=published, AUTH="off")
    assert fault.startswith("AUTH must not be off (PUBLISHED_AT is not loopback")


def test_without_a_login_a_container_answers_to_its_own_names_only() -> None:
    environment = {name: value for name, value in CONTAINER.items() if name != "ALLOWED_HOSTS"}
    assert named(faults(**environment, PUBLISHED_AT="127.0.0.1")) == {"ALLOWED_HOSTS"}


@pytest.mark.parametrize("published", ["localhost,jobs.example.com", "127.0.0.1:80", "*", "10.0.0.0/8"])
def test_where_a_container_is_published_are_addresses(published: str) -> None:
    assert "PUBLISHED_AT" in named(faults(**CONTAINER, PUBLISHED_AT=published))


def test_trusted_proxies_are_read_and_refused_with_words() -> None:
    assert load({"TRUSTED_PROXIES": "10.0.0.1, edge"}).proxies.names == ("edge",)
    assert load({"TRUSTED_PROXIES": "10.0.0.0/8"}).proxies.trusts("10.1.1.1")
    assert not load({}).proxies.trusts("127.0.0.1")
    found = faults(TRUSTED_PROXIES="10.0.0.1,0.0.0.0/0,http://edge", PORT="x")
    assert [fault.split()[0] for fault in found] == ["PORT", "TRUSTED_PROXIES:", "TRUSTED_PROXIES:"]


def test_with_auth_proxy_whoever_connects_is_the_proxy_unless_it_is_named() -> None:
    assert load({"AUTH": "proxy"}).proxies.trusts("203.0.113.7")
    assert not load({"AUTH": "proxy", "TRUSTED_PROXIES": "127.0.0.1"}).proxies.trusts("203.0.113.7")


def test_behind_a_proxy_on_this_machine_the_loopbacks_names_are_enough() -> None:
    assert load({"APP_ENV": "production", "AUTH": "proxy", "WEBHOOK_SECRET": GOOD}).allowed_hosts == ()


@pytest.mark.parametrize(
    "hosts",
    ["*", "a,*", "*.example.com", "http://a", "a:3000", "a/b", "a b", "[::1]:3000", "a@b", "[", "-", "a,.b", "jobs.*"],
)
@pytest.mark.parametrize("exposure", [{}, {"HOST": "0.0.0.0", "AUTH": "proxy", "WEBHOOK_SECRET": GOOD}])
def test_hosts_that_could_never_match_are_refused_with_words(hosts: str, exposure: dict[str, str]) -> None:
    found = faults(ALLOWED_HOSTS=hosts, **exposure)

    assert named(found) == {"ALLOWED_HOSTS"}
    assert "list each host" in found[0]


def test_hosts_are_names_and_addresses() -> None:
    loaded = load({"ALLOWED_HOSTS": "jobs.example.com, localhost,127.0.0.1,::1,[fe80::1],my_host,x"})

    assert loaded.allowed_hosts == (
        *("jobs.example.com", "localhost", "127.0.0.1", "[::1]", "[fe80::1]", "my_host", "x"),
    )


def test_no_fault_shows_a_secret() -> None:
    found = faults(APP_ENV="production", WEBHOOK_SECRET=CANARY, WEBHOOK_SECRET_PREVIOUS=CANARY, MONGODB_URI=CANARY)

    assert CANARY not in "\n".join(found)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_not_exposed(host: str) -> None:
    assert not load({"HOST": host}).is_exposed


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "localhost.evil.example", "127.0.0.1.evil.example"])
def test_every_other_address_is_exposed(host: str) -> None:
    assert "WEBHOOK_SECRET" in named(faults(HOST=host))


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
