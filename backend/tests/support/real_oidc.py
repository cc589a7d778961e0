"""The certified provider ``oidc-provider`` as a process, and a browser's part of a sign-in with it."""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
from yarl import URL

from job_processor.core.roles import Role, RoleRules
from job_processor.oidc.options import OidcOptions
from tests.support.fake_oidc import REDIRECT

REPOSITORY = Path(__file__).parents[3]
NODE = REPOSITORY / ".venv" / "bin" / "node"
FRONTEND = REPOSITORY / "frontend"
SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
ROLES = {"jobs-admins": Role.ADMIN, "jobs-operators": Role.OPERATOR, "jobs-viewers": Role.VIEWER}
SECRET = "of a test: +%&"


@contextlib.contextmanager
def real_provider() -> Iterator[OidcOptions]:
    """The options for it. It ends with the test, whatever happens: it reads our end of a pipe."""
    process = subprocess.Popen(
        [NODE, SCRIPT, FRONTEND, REDIRECT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdout is not None
        # Empty when the provider ended: without node_modules, for example.
        issuer = json.loads(process.stdout.readline())["issuer"]
        rules = RoleRules("roles", ROLES)
        yield OidcOptions(issuer, "page", SECRET, "Real", "openid profile email", REDIRECT, rules)


def as_client(options: OidcOptions, client_id: str, secret: str) -> OidcOptions:
    return replace(options, client_id=client_id, client_secret=secret)


async def way_back(address: str, login: str) -> str:
    """What a browser does at the provider: the address that it is sent back to, with code and state.

    ``login``: who signs in; ``""``: nobody, they refuse.
    """
    kept: dict[str, str] = {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for _ in range(10):
            if "/interaction/" in address:
                address = f"{address}?login={login}"
            cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}
            async with http.get(URL(address, encoded=True), allow_redirects=False, headers=cookies) as reply:
                assert reply.status in (302, 303), await reply.text()
                kept |= _cookies(reply.headers.getall("set-cookie", []))
                address = str(URL(address, encoded=True).join(URL(reply.headers["location"], encoded=True)))
            if address.startswith(REDIRECT):
                return address.removeprefix("https://testserver")
    raise AssertionError("the provider sent the browser around")


def _cookies(lines: list[str]) -> Mapping[str, str]:
    return {name: one.value for line in lines for name, one in SimpleCookie(line).items() if one.value}
