"""Parses and validates the settings of the sign-in with an identity provider."""

import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from job_processor.core.roles import Role, RoleRules

CALLBACK_PATH = "/session/oidc/callback"
DEFAULT_ROLES = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class OidcOptions:
    """The settings of an identity provider. ``name``: for people. ``redirect_url``: the URL of this server to which the
    provider redirects. ``audiences``: accepted audiences of access tokens; empty: access tokens are refused."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    scopes: str
    redirect_url: str
    roles: RoleRules
    audiences: tuple[str, ...] = ()
    ca_file: str | None = None


def is_secure(address: str) -> bool:
    """True for https, and for http on loopback, where nobody can intercept it."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    host = parts.hostname or ""
    try:
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def read(text: Callable[[str], str], site: str) -> tuple[OidcOptions | None, list[str]]:
    """The options and their errors, a line each; the options are ``None`` without OIDC_ISSUER.

    ``text``: returns the value of a setting, ``""`` if it is not set. ``site``: the URL of the server, such as
    https://jobs.example.com.
    """
    if not text("OIDC_ISSUER"):
        return None, [
            f"{name} has no effect without OIDC_ISSUER"
            for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_AUDIENCE", "OIDC_ROLES", "OIDC_REDIRECT_URL")
            if text(name)
        ]
    issuer = text("OIDC_ISSUER")
    roles, role_faults = _roles(text("OIDC_ROLES"))
    default = text("OIDC_DEFAULT_ROLE").lower()
    options = OidcOptions(
        issuer=issuer,
        client_id=text("OIDC_CLIENT_ID"),
        client_secret=text("OIDC_CLIENT_SECRET"),
        name=text("OIDC_NAME") or urlsplit(issuer).hostname or "",
        scopes=" ".join(text("OIDC_SCOPES").split()),
        redirect_url=text("OIDC_REDIRECT_URL") or site + CALLBACK_PATH,
        roles=RoleRules(text("OIDC_ROLE_CLAIM"), roles, None if default in ("none", "admin") else _role(default)),
        audiences=tuple(one.strip() for one in text("OIDC_AUDIENCE").split(",") if one.strip()),
        ca_file=text("OIDC_CA_FILE") or None,
    )
    return options, [*_faults(options), *role_faults, *_default_faults(default)]


def _faults(options: OidcOptions) -> Iterator[str]:
    parts = urlsplit(options.issuer)
    if not is_secure(options.issuer) or parts.query or parts.fragment or parts.username is not None:
        yield (
            "OIDC_ISSUER must be the https address of an identity provider, exactly as in its metadata (http only "
            "on loopback)"
        )
    if not options.client_id:
        yield "OIDC_CLIENT_ID must be set to the client id of this server at the identity provider"
    if not is_secure(options.redirect_url) or not options.redirect_url.endswith(CALLBACK_PATH):
        yield (
            f"OIDC_REDIRECT_URL must be the https address of this server with the path {CALLBACK_PATH} (http on "
            "loopback only: browsers keep no session cookie over http); its default is made of PUBLIC_URL"
        )
    if "openid" not in options.scopes.split():
        yield "OIDC_SCOPES must contain openid"
    if len(options.name) > 60 or not options.name.isprintable():
        yield "OIDC_NAME must have at most 60 printable characters"
    if options.ca_file is not None and not _has_certificates(options.ca_file):
        yield "OIDC_CA_FILE must be the path of a file with certificates (PEM)"


def _has_certificates(path: str) -> bool:
    try:
        ssl.create_default_context(cafile=path)
    except OSError:
        return False
    return Path(path).is_file()


def _default_faults(default: str) -> Iterator[str]:
    if default == "admin":
        yield "OIDC_DEFAULT_ROLE must not be admin: every user of the identity provider would be an admin"
    elif default != "none" and _role(default) is None:
        yield "OIDC_DEFAULT_ROLE must be one of: none, viewer, operator"


def _roles(text: str) -> tuple[dict[str, Role], list[str]]:
    """The roles by value of the claim, from ``jobs-admins=admin,jobs-users=viewer``, and the errors."""
    if not text:
        return dict(DEFAULT_ROLES), []
    pairs = [one.rpartition("=") for one in text.split(",") if one.strip()]
    roles = {value.strip(): role for value, _, name in pairs if (role := _role(name.strip().lower())) is not None}
    if len(roles) != len(pairs) or "" in roles:
        return roles, [
            "OIDC_ROLES must be comma-separated pairs of a claim's value and a role, each value once, like "
            "jobs-admins=admin,jobs-users=viewer; roles are viewer, operator and admin"
        ]
    return roles, []


def _role(name: str) -> Role | None:
    return Role(name) if name in DEFAULT_ROLES else None
