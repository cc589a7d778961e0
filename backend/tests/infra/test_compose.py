"""The compose files: every setting can be set, one build for each image, limits that small machines have."""

from pathlib import Path

import pytest

from job_processor.core.errors import SettingsInvalid
from job_processor.settings import TABLE, load
from tests.infra.compose_files import FILES, MAIN, SQLITE, configured, environment, needs_compose

pytestmark = needs_compose
SECRET = "9f1c27d04be85a36c7e20d14f58b963a"
APPLICATION = {MAIN: ("backend", "worker"), SQLITE: ("job-processor",)}
GIVEN = {
    "APP_ENV": "development",
    "AUTH": "keys",
    "TRUSTED_PROXIES": "192.0.2.7",
    "PUBLIC_URL": "https://example.com/jobs-app",
    "ALLOWED_HOSTS": "jobs.example.com",
    "CORS_ORIGINS": "https://app.example.com",
    "WEBHOOK_SECRET": SECRET,
    "WEBHOOK_SECRET_PREVIOUS": "c0ffee27d04be85a36c7e20d14f58b96",
    "MONGODB_URI": "mongodb://db.example.com/jobs",
    "RETENTION_DAYS": "7",
    "MAX_RESULT_BYTES": "2048",
    "DRAIN_SECONDS": "9",
    "WORKER_NAME": "worker-of-this-test",
    "LOG_LEVEL": "debug",
    "LOG_FORMAT": "text",
    "ACCESS_LOG": "off",
    "AUDIT_RETENTION_DAYS": "90",
    "WEBHOOK_RETENTION_DAYS": "91",
    "WEBHOOK_PRIVATE_ADDRESSES": "allow",
    "RATE_LIMIT_PER_KEY": "1001",
    "RATE_LIMIT_PER_ADDRESS": "1002",
    "WAITING_JOBS_PER_KEY": "1003",
    "WRONG_KEYS_PER_ADDRESS": "1004",
    "OIDC_ISSUER": "https://login.example.com/realm",
    "OIDC_CLIENT_ID": "oidc-client",
    "OIDC_CLIENT_SECRET": "oidc-secret",
    "OIDC_NAME": "Example",
    "OIDC_REDIRECT_URL": "https://example.com/jobs-app/session/oidc/callback",
    "OIDC_SCOPES": "openid email",
    "OIDC_ROLE_CLAIM": "groups",
    "OIDC_ROLES": "staff=viewer",
    "OIDC_DEFAULT_ROLE": "viewer",
    "OIDC_AUDIENCE": "programs",
    "OIDC_CA_FILE": "/etc/job-processor/flows.toml",
    "AZURE_OPENAI_API_KEY": "azure-key",
    "AZURE_TENANT_ID": "tenant",
    "AZURE_CLIENT_ID": "client",
    "AZURE_CLIENT_SECRET": "client-secret",
}
BY_OTHER_MEANS = {
    "HOST": "the image sets it, and BIND_ADDRESS and API_BIND_ADDRESS publish the ports",
    "PORT": "HTTP_PORT and API_PORT publish it",
    "METRICS_PORT": "inside the network for monitoring",
    "DATA_DIR": "the volume",
    "FLOWS_FILE": "FLOWS_DIR",
    "PUBLISHED_AT": "BIND_ADDRESS and API_BIND_ADDRESS",
}


def test_every_setting_is_given_below_or_has_other_means() -> None:
    assert {setting.name for setting in TABLE} <= set(GIVEN) | set(BY_OTHER_MEANS)


@FILES
def test_every_setting_can_be_set_in_env(file: str) -> None:
    """Secrets of the stack go to the service that writes them to files, all others to the application."""
    services = APPLICATION[file] if file == SQLITE else (*APPLICATION[file], "secrets")
    for name, value in GIVEN.items():
        if name == "MONGODB_URI" and file == SQLITE:
            continue
        # Others' names are added to ALLOWED_HOSTS.
        reached = {
            service
            for service in services
            if any(
                value == found or (name == "ALLOWED_HOSTS" and value in found.split(","))
                for found in environment(file, service, GIVEN).values()
            )
        }
        to_files = name in ("WEBHOOK_SECRET", "MONGODB_URI") and file == MAIN
        assert reached == ({"secrets"} if to_files else set(APPLICATION[file])), name


@FILES
@pytest.mark.parametrize("given", [{}, GIVEN | {"APP_ENV": "production"}], ids=["nothing", "all"])
def test_the_application_starts_with_what_it_is_given(file: str, given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    for service in APPLICATION[file]:
        found = environment(file, service, given)
        # A file in the container.
        found.pop("OIDC_CA_FILE", None)
        for name in ("WEBHOOK_SECRET_FILE", "MONGODB_URI_FILE", "FLOWS_FILE"):
            if name in found:
                found[name] = str(tmp_path / "secret")
        settings = load(found | {"HOST": "0.0.0.0"})
        assert settings.is_exposed
        assert {"localhost", "127.0.0.1", "[::1]"} <= set(settings.allowed_hosts)
        if given:
            assert settings.retention_days == 7
            assert settings.cors_origins == ("https://app.example.com",)
            assert settings.base_path == "/jobs-app"
            assert "jobs.example.com" in settings.allowed_hosts


AS_CLONED: dict[str, str] = {}
ON_THE_INTERNET = {"SITE_HOST": "jobs.example.com", "SITE_ADDRESS": "https://jobs.example.com"}


@FILES
@pytest.mark.parametrize(
    ("given", "auth", "edge"),
    [
        # Ports on loopback only: no login, and profile tls does not start.
        (AS_CLONED, "off", None),
        (ON_THE_INTERNET, "keys", None),
        (ON_THE_INTERNET | {"AUTH": "proxy"}, "proxy", "proxy"),
        ({"BIND_ADDRESS": "0.0.0.0"}, "keys", None),
        ({"BIND_ADDRESS": "10.0.0.5"}, "keys", None),
        ({"API_BIND_ADDRESS": "[::]"}, "keys", None),
        ({"BIND_ADDRESS": "10.0.0.5", "AUTH": "proxy"}, "proxy", "proxy"),
        ({"BIND_ADDRESS": "10.0.0.5", "AUTH": "off"}, None, "off"),
        (ON_THE_INTERNET | {"API_BIND_ADDRESS": "0.0.0.0", "AUTH": "off"}, None, "off"),
    ],
)
def test_what_is_published_beyond_loopback_asks_for_a_login(
    file: str, given: dict[str, str], auth: str | None, edge: str | None
) -> None:
    """``auth``: of the application; ``None``: it refuses to start. ``edge``: what profile tls is told; without AUTH it
    goes by SITE_HOST, as the application does (test_edge.py)."""
    for service in APPLICATION[file]:
        found = environment(file, service, given) | {"HOST": "0.0.0.0", "WEBHOOK_SECRET": SECRET}
        for name in ("WEBHOOK_SECRET_FILE", "MONGODB_URI_FILE", "FLOWS_FILE"):
            found.pop(name, None)
        if auth is None:
            with pytest.raises(SettingsInvalid, match="AUTH must not be off"):
                load(found)
        else:
            assert load(found).auth == auth
    found = environment(file, "tls", given)
    assert (found.get("AUTH", ""), found["SITE_HOST"]) == (edge or "", given.get("SITE_HOST", "localhost"))


@FILES
def test_the_application_believes_the_proxy_in_front(file: str) -> None:
    """By its name, which the network that both are in knows."""
    application, proxy = APPLICATION[file][0], {MAIN: "frontend", SQLITE: "tls"}[file]
    assert environment(file, application)["TRUSTED_PROXIES"] == proxy
    networks = [set(configured(file)[name]["networks"]) for name in (application, proxy)]
    assert networks[0] & networks[1]


def test_with_your_own_database_the_stack_has_none() -> None:
    services = configured(f"{MAIN}:infrastructure/containers/external-database.yml")
    assert set(configured(MAIN)) - set(services) == {"mongodb"}
    for name, service in services.items():
        assert "mongodb" not in service.get("depends_on", {}), name
    for name in ("backend", "worker", "backup"):
        assert "database" not in services[name]["networks"], name


def test_the_port_for_profile_tls_is_not_published() -> None:
    """Whoever reaches it can name any address as the client's."""
    services = configured(MAIN)
    assert services["tls"]["environment"]["FRONTEND_ADDRESS"] == "frontend:8081"
    assert [port["target"] for port in services["frontend"]["ports"]] == [8080]


@FILES
def test_the_first_key_survives_the_container(file: str) -> None:
    volumes = configured(file)[APPLICATION[file][0]]["volumes"]
    [kept] = [volume for volume in volumes if volume["target"] == "/data"]
    assert kept["type"] == "volume"


@FILES
def test_what_nobody_set_is_not_set_in_the_container_either(file: str) -> None:
    """Azure's library takes an empty AZURE_CLIENT_ID for an identity, and then uses no other."""
    for service in APPLICATION[file]:
        found = environment(file, service)
        assert [name for name in found if name.startswith("AZURE_")] == []
        # Read by our own code, to which empty is unset.
        assert {name for name, value in found.items() if value == ""} <= {"GIVEN_WEBHOOK_SECRET", "AUTH"}


@FILES
def test_limits_fit_a_machine_with_one_cpu(file: str) -> None:
    """Docker refuses a limit above the machine's number of CPUs."""
    for name, service in configured(file).items():
        limits = service["deploy"]["resources"]["limits"]
        assert 0 < float(limits["cpus"]) <= 1, name
        assert int(limits["memory"]) > 0, name


@pytest.mark.parametrize(
    ("file", "profiles", "gigabytes"),
    [
        (MAIN, {"tls", "backup"}, 3.3),
        # The servers for these have 8 GB.
        (MAIN, {"tls", "backup", "n8n", "observability"}, 6),
        (SQLITE, {"tls"}, 1),
    ],
)
def test_memory_limits_leave_room_for_the_system(file: str, profiles: set[str], gigabytes: float) -> None:
    """A server of 4 GB is the smallest for MongoDB, one of 2 GB for SQLite."""
    limits = [
        int(one["deploy"]["resources"]["limits"]["memory"])
        for one in configured(file).values()
        if set(one.get("profiles", [])) <= profiles or set(one.get("profiles", [])) & profiles
    ]
    assert sum(limits) <= gigabytes * 2**30


@FILES
def test_ports_are_published_on_loopback_by_services_that_check_the_host(file: str) -> None:
    checking = {"backend", "frontend", "host-check", "job-processor"}
    for name, service in configured(file).items():
        for port in service.get("ports", []):
            if name == "tls":  # It knows one host name, and starts with AUTH=keys or AUTH=proxy only.
                continue
            assert port["host_ip"] == "127.0.0.1", name
            assert name in checking or port["target"] == 27017, name  # MongoDB speaks no HTTP.


@FILES
def test_every_published_port_can_be_moved(file: str) -> None:
    names = ["HTTP", "API", "MONGODB", "TLS_HTTP", "TLS_HTTPS", "N8N", "PROMETHEUS", "ALERTMANAGER", "GRAFANA"]
    moved = {f"{name}_PORT": str(20_000 + number) for number, name in enumerate(names)}
    published = [p["published"] for one in configured(file, moved).values() for p in one.get("ports", [])]
    assert published
    assert set(published) <= set(moved.values())
