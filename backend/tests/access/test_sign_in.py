"""Sign-in with the real, certified provider, and with one that lies; who comes in, with which rights."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from job_processor.acts.sessions import PERSON_LIFE_MS
from job_processor.core.audit import AuditAct
from job_processor.core.roles import Role, RoleRules
from job_processor.http.access import Auth
from job_processor.oidc.options import OidcOptions
from job_processor.oidc.pending_sign_in import LIFE_SECONDS
from job_processor.oidc.people import OidcPeople
from job_processor.oidc.provider import Provider
from job_processor.store.base import AuditQuery
from tests.http.problems import assert_problem
from tests.store_suite.places import Clock
from tests.support.asgi import Reply
from tests.support.fake_oidc import AUDIENCE, REDIRECT, fake_provider
from tests.support.real_oidc import ROLES, as_client, real_provider, way_back
from tests.support.site import SECRET, Site, open_site

OWN = {"origin": "https://testserver", "sec-fetch-site": "same-origin"}
FROM_ELSEWHERE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
FAILED = "/ui/sign-in?error="


@pytest.fixture(scope="module")
def real() -> Iterator[OidcOptions]:
    """One provider for all tests here."""
    with real_provider() as options:
        yield options


@dataclass(slots=True)
class Door:
    site: Site
    clock: Clock

    async def start(self, query: str = "", **headers: str) -> tuple[str, str]:
        """The address of the provider, and the cookie for the way back."""
        reply = await self.site.client.get(f"/session/oidc/start{query}", {**OWN, **headers})
        assert reply.status == 303, reply.text
        return reply.headers["location"], reply.headers["set-cookie"].partition(";")[0]

    async def finish(self, path: str, cookie: str) -> Reply:
        """As the browser comes back: from another site, so without the cookie of its session."""
        return await self.site.client.get(path, {**FROM_ELSEWHERE, "cookie": cookie})

    async def sign_in(self, login: str, query: str = "", **headers: str) -> Reply:
        address, cookie = await self.start(query, **headers)
        return await self.finish(await way_back(address, login), cookie)

    async def noted(self, act: AuditAct) -> list[tuple[str, str, str | None]]:
        """Who, what and the detail of the audit's entries."""
        await self.site.acts.refusals.write(60)
        found = await self.site.store.list_audit(AuditQuery(limit=100))
        return [(one.who, one.what, one.detail) for one in found if one.act is act]


@asynccontextmanager
async def door(directory: Path, options: OidcOptions) -> AsyncIterator[Door]:
    # The real provider's clock is the machine's.
    clock = Clock(_now_ms())
    provider = Provider(options)
    people = OidcPeople(provider, options, (SECRET,), clock.now)
    await people.open()
    try:
        async with open_site(directory, now=clock.now, auth=Auth.KEYS, people=people) as site:
            yield Door(site, clock)
    finally:
        await people.close()


def session_of(reply: Reply) -> dict[str, str]:
    [cookie] = [line for line in reply.headers["set-cookie"].split("\n") if line.startswith("__Host-jp_session=")]
    return {"cookie": cookie.partition(";")[0]}


@pytest.mark.parametrize(
    ("login", "rights"), [("ann", ["admin"]), ("otto", ["operate", "read", "submit"]), ("vera", ["read"])]
)
async def test_a_person_comes_in_with_the_rights_of_the_role(
    tmp_path: Path, real: OidcOptions, login: str, rights: list[str]
) -> None:
    async with door(tmp_path, real) as one:
        reply = await one.sign_in(login, "?backTo=/ui/jobs/abc?tab%3D1")
        assert (reply.status, reply.headers["location"]) == (303, "/ui/jobs/abc?tab=1")
        who = (await one.site.client.get("/session", session_of(reply))).json()
        assert (who["kind"], who["id"], who["name"], who["rights"]) == ("person", login, f"{login} of a test", rights)
        # Roles decide as with a key.
        allowed = await one.site.client.post("/jobs", {"prompt": "p"}, {**session_of(reply), **OWN})
        assert allowed.status == (403 if login == "vera" else 201)
        [(name, what, _)] = await one.noted(AuditAct.SIGNED_IN)
        assert (name, len(what)) == (login, 16)


async def test_the_cookies_are_as_strict_as_they_can_be(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        begun = await one.site.client.get("/session/oidc/start", OWN)
        assert begun.headers["set-cookie"].endswith(f"; Max-Age={LIFE_SECONDS}; Path=/; Secure; HttpOnly; SameSite=Lax")
        asked = parse_qs(urlsplit(begun.headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["redirect_uri"] == [REDIRECT]
        value = begun.headers["set-cookie"].partition(";")[0]
        for secret in (*asked["state"], *asked["nonce"], *asked["code_challenge"]):
            assert secret not in value
        reply = await one.finish(await way_back(begun.headers["location"], "otto"), value)
        lines = reply.headers["set-cookie"].split("\n")
        assert lines[0].endswith(f"; Max-Age={PERSON_LIFE_MS // 1000}; Path=/; Secure; HttpOnly; SameSite=Strict")
        assert lines[1] == "__Host-jp_sign_in=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"


async def test_a_person_without_a_role_is_refused_and_named_in_the_audit(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        reply = await one.sign_in("nora")
        assert reply.headers["location"] == f"{FAILED}no_role"
        assert "__Host-jp_session" not in reply.headers["set-cookie"]
        assert await one.noted(AuditAct.REFUSED) == [("nora", "GET /session/oidc/callback", "no_role")]
        assert await one.site.store.sessions_of() == []
    rules = RoleRules("roles", ROLES, Role.VIEWER)
    async with door(tmp_path / "default", replace(real, roles=rules)) as one:
        who = await one.site.client.get("/session", session_of(await one.sign_in("nora")))
        assert who.json()["rights"] == ["read"]


async def test_who_refuses_at_the_provider_does_not_come_in(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        assert (await one.sign_in("")).headers["location"] == f"{FAILED}denied"


@pytest.mark.parametrize(("client", "secret"), [("posts", "posted"), ("public", "")])
async def test_each_kind_of_client_can_sign_in(tmp_path: Path, real: OidcOptions, client: str, secret: str) -> None:
    async with door(tmp_path, as_client(real, client, secret)) as one:
        assert (await one.sign_in("otto")).headers["location"] == ("/ui/")


async def test_a_wrong_client_secret_lets_nobody_in(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, replace(real, client_secret="wrong")) as one:
        assert (await one.sign_in("otto")).headers["location"] == f"{FAILED}code_refused"


async def test_the_way_back_counts_once_and_for_the_browser_that_began(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        address, cookie = await one.start()
        _, of_another = await one.start()
        path = await way_back(address, "otto")
        for wrong in ("", of_another, "__Host-jp_sign_in=x", f"{cookie}x", cookie.replace(".", "")):
            assert (await one.finish(path, wrong)).headers["location"] == f"{FAILED}sign_in_expired"
        for changed in (path.replace("state=", "state=x"), path.partition("&state=")[0]):
            assert (await one.finish(changed, cookie)).headers["location"].startswith(FAILED)
        assert (await one.finish(path.replace("iss=", "iss=x"), cookie)).headers[
            "location"
        ] == f"{FAILED}provider_error"
        assert (await one.finish(path, cookie)).headers["location"] == "/ui/"
        assert (await one.finish(path, cookie)).headers["location"] == f"{FAILED}code_refused"
        assert len(await one.site.store.sessions_of()) == 1


async def test_a_sign_in_must_end_in_time(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        address, cookie = await one.start()
        path = await way_back(address, "otto")
        one.clock.forward(LIFE_SECONDS * 1000)
        assert (await one.finish(path, cookie)).headers["location"] == f"{FAILED}sign_in_expired"


async def test_signing_in_again_ends_the_session_before(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        first = session_of(await one.sign_in("otto"))
        second = session_of(await one.sign_in("otto", **first))
        assert first != second
        assert_problem(await one.site.client.get("/session", first), 401)
        assert (await one.site.client.get("/session", second)).status == 200


async def test_a_person_signs_out_here_and_everywhere(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        mine = [session_of(await one.sign_in("otto")) for _ in range(2)]
        other = session_of(await one.sign_in("vera"))
        out = await one.site.client.request("DELETE", "/session?everywhere=true", headers={**mine[0], **OWN})
        assert out.status == 204
        for ended in mine:
            assert_problem(await one.site.client.get("/session", ended), 401)
        assert (await one.site.client.get("/session", other)).status == 200


async def test_a_persons_session_ends_after_its_life_however_much_it_is_used(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        session = session_of(await one.sign_in("otto"))
        for _ in range(2):
            one.clock.forward(PERSON_LIFE_MS // 2 - 1)
            assert (await one.site.client.get("/session", session)).status == 200
        one.clock.forward(2)
        assert_problem(await one.site.client.get("/session", session), 401)


async def test_without_the_provider_its_people_are_out(tmp_path: Path, real: OidcOptions) -> None:
    async with door(tmp_path, real) as one:
        session = session_of(await one.sign_in("otto"))
    async with open_site(tmp_path, now=one.clock.now, auth=Auth.KEYS) as later:
        assert_problem(await later.client.get("/session", session), 401)
        assert_problem(await later.client.get("/session/oidc/start", OWN), 404)
        assert_problem(await later.client.get("/session/oidc/callback", OWN), 404)


async def test_a_program_comes_in_with_an_access_token(tmp_path: Path, real: OidcOptions) -> None:
    form = {"grant_type": "client_credentials", "resource": AUDIENCE}
    robot = {"authorization": "Basic cm9ib3Q6cm9ib3Q="}
    async with aiohttp.ClientSession() as http, http.post(f"{real.issuer}/token", data=form, headers=robot) as reply:
        token = (await reply.json())["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    async with door(tmp_path, replace(real, audiences=(AUDIENCE,))) as one:
        assert (await one.site.client.post("/jobs", {"prompt": "p"}, bearer)).status == 201
        assert_problem(await one.site.client.get("/keys", bearer), 403)
        who = (await one.site.client.get("/session", bearer)).json()
        assert (who["kind"], who["id"], who["name"]) == ("person", "robot", "robot")
        async with one.site.client.stream("/events", bearer) as stream:
            await stream.named("hello")
            one.clock.forward(700_000)
            await one.site.acts.credentials.refresh()
            assert await stream.next() is None
        assert_problem(await one.site.client.get("/session", bearer), 401)
    for audiences in ((), ("https://other.example",)):
        async with door(tmp_path / str(len(audiences)), replace(real, audiences=audiences)) as one:
            problem = assert_problem(await one.site.client.get("/session", bearer), 401)
            assert problem["code"] == ("invalid_token" if audiences else "malformed_key")
            assert token not in str(problem)


def _now_ms() -> int:
    return int(time.time() * 1000)


@pytest.mark.parametrize(
    ("back_to", "status"),
    [
        ("/ui/", 303),
        ("/ui/jobs/1?q=%22a%22,b:(c);d'!*$@", 303),
        ("/ui/" + "x" * 1000, 303),
        ("/ui/" + "x" * 1001, 422),
        ("/ui", 422),
        ("/", 422),
        ("//evil.example/ui/", 422),
        ("https://evil.example/ui/", 422),
        ("/ui/%0D%0Aset-cookie:x", 422),
        ("/ui/%5C%5Cevil.example", 422),
        ("/ui/%C3%A4", 422),
    ],
)
async def test_only_paths_of_the_page_are_come_back_to(tmp_path: Path, back_to: str, status: int) -> None:
    async with fake_provider() as fake, door(tmp_path, fake.options()) as one:
        reply = await one.site.client.get(f"/session/oidc/start?backTo={back_to.replace('%22', '%2522')}", OWN)
        assert reply.status == status
        if status == 422:
            assert_problem(reply, 422)
