"""A start that others can reach: what must be set, which names it answers to, and whom it believes."""

import pytest

from job_processor.settings import load
from tests.settings.exposed import CONTAINER, GOOD, faults, named


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


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_not_exposed(host: str) -> None:
    assert not load({"HOST": host}).is_exposed


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "localhost.evil.example", "127.0.0.1.evil.example"])
def test_every_other_address_is_exposed(host: str) -> None:
    assert "WEBHOOK_SECRET" in named(faults(HOST=host))
