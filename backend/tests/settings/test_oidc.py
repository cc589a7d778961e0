"""The settings of the sign-in with an identity provider."""

from pathlib import Path

import pytest

from job_processor.core.errors import SettingsInvalid
from job_processor.core.roles import Role
from job_processor.oidc.options import OidcOptions
from job_processor.settings import load

SECRET = "9f1c27d04be85a36c7e20d14f58b963a"
GOOD = {"OIDC_ISSUER": "https://id.example.com/realms/jobs", "OIDC_CLIENT_ID": "jobs"}


def options(**environment: str) -> OidcOptions:
    found = load({**GOOD, **environment}).oidc
    assert found is not None
    return found


def faults(**environment: str) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        load({**GOOD, **environment})
    return str(caught.value).splitlines()


def test_two_settings_are_enough_and_nobody_has_a_role_by_default() -> None:
    found = options()
    assert (found.issuer, found.client_id, found.client_secret) == (*GOOD.values(), "")
    assert found.redirect_url == "http://127.0.0.1:3000/session/oidc/callback"
    assert (found.name, found.scopes, found.audiences) == ("id.example.com", "openid profile email", ())
    assert (found.roles.claim, found.roles.default) == ("roles", None)
    assert dict(found.roles.roles) == {"viewer": Role.VIEWER, "operator": Role.OPERATOR, "admin": Role.ADMIN}


def test_with_an_identity_provider_keys_are_on_even_on_loopback() -> None:
    assert (load({}).auth, load({}).oidc) == ("off", None)
    assert load(GOOD).auth == "keys"


def test_all_of_it() -> None:
    found = options(
        PUBLIC_URL="https://jobs.example.com/",
        OIDC_ROLE_CLAIM="realm_access.roles",
        OIDC_ROLES="jobs=admins=admin, staff=viewer",
        OIDC_DEFAULT_ROLE="Viewer",
        OIDC_AUDIENCE="a, b",
        OIDC_NAME="Keycloak",
        OIDC_CLIENT_SECRET="s",
    )
    assert found.redirect_url == "https://jobs.example.com/session/oidc/callback"
    assert dict(found.roles.roles) == {"jobs=admins": Role.ADMIN, "staff": Role.VIEWER}
    assert (found.roles.claim, found.roles.default) == ("realm_access.roles", Role.VIEWER)
    assert (found.audiences, found.name, found.client_secret) == (("a", "b"), "Keycloak", "s")


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"OIDC_ISSUER": "http://id.example.com"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "id.example.com"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "https://id.example.com?x=1"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "https://u:p@id.example.com"}, "OIDC_ISSUER"),
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID"),
        ({"OIDC_ISSUER": ""}, "OIDC_CLIENT_ID"),
        ({"OIDC_ROLES": "admin"}, "OIDC_ROLES"),
        ({"OIDC_ROLES": "staff=boss"}, "OIDC_ROLES"),
        ({"OIDC_ROLES": "=admin"}, "OIDC_ROLES"),
        ({"OIDC_ROLES": "staff=admin,staff=viewer"}, "OIDC_ROLES"),
        ({"OIDC_DEFAULT_ROLE": "admin"}, "OIDC_DEFAULT_ROLE"),
        ({"OIDC_DEFAULT_ROLE": "boss"}, "OIDC_DEFAULT_ROLE"),
        ({"OIDC_SCOPES": "profile"}, "OIDC_SCOPES"),
        ({"OIDC_REDIRECT_URL": "http://jobs.example.com/session/oidc/callback"}, "OIDC_REDIRECT_URL"),
        ({"OIDC_REDIRECT_URL": "https://jobs.example.com/"}, "OIDC_REDIRECT_URL"),
        ({"PUBLIC_URL": "http://backend:3000"}, "OIDC_REDIRECT_URL"),
        ({"OIDC_CA_FILE": "no-such-file"}, "OIDC_CA_FILE"),
        ({"OIDC_NAME": "n" * 61}, "OIDC_NAME"),
        ({"AUTH": "off"}, "OIDC_ISSUER"),
        ({"AUTH": "proxy"}, "OIDC_ISSUER"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], name: str) -> None:
    found = faults(**environment)
    assert [fault.split()[0] for fault in found] == [name]


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    assert [fault.split()[0] for fault in faults(OIDC_CA_FILE=str(tmp_path / "ca.pem"))] == ["OIDC_CA_FILE"]


def test_the_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    assert options(OIDC_CLIENT_SECRET_FILE=str(tmp_path / "secret")).client_secret == "from a file"
