"""The session of the page: a key changed for a cookie, and what the cookie may do."""

import pytest

from job_processor.acts.sessions import IDLE_MS, LIFE_MS, MAX_SESSIONS_EACH
from job_processor.core.access import Right
from job_processor.http import render
from tests.access.conftest import Guarded, bearer
from tests.http.problems import assert_problem
from tests.support.asgi import Reply

OWN = {"origin": "https://testserver", "sec-fetch-site": "same-origin"}


async def sign_in(guarded: Guarded, key: str, **headers: str) -> Reply:
    return await guarded.site.client.post("/session", {"key": key}, {**OWN, **headers})


def cookie(reply: Reply) -> dict[str, str]:
    return {"cookie": reply.headers["set-cookie"].partition(";")[0]}


async def test_a_key_is_changed_for_a_cookie_that_scripts_cannot_read(guarded: Guarded) -> None:
    key = await guarded.key(Right.READ, Right.SUBMIT, flows=("other",), name="robot")
    reply = await sign_in(guarded, key)
    assert reply.status == 201
    value, *attributes = reply.headers["set-cookie"].split("; ")
    assert value.startswith("__Host-jp_session=")
    assert set(attributes) == {f"Max-Age={LIFE_MS // 1000}", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"}
    assert key not in reply.text + reply.headers["set-cookie"]
    who = (await guarded.site.client.get("/session", cookie(reply))).json()
    assert who == reply.json()
    assert (who["auth"], who["kind"], who["name"]) == ("keys", "key", "robot")
    assert (who["rights"], who["flows"]) == (["read", "submit"], ["other"])
    [stored] = await guarded.site.store.sessions_of()
    assert value.partition("=")[2] not in repr(stored)


@pytest.mark.parametrize("key", ["x", "jp_", "jp_abcdefghij_" + "A" * 38])
async def test_a_wrong_key_signs_nobody_in(guarded: Guarded, key: str) -> None:
    reply = await sign_in(guarded, key)
    assert_problem(reply, 401)
    assert "set-cookie" not in reply.headers
    assert await guarded.site.store.sessions_of() == []


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        (OWN, True),
        ({"origin": "https://testserver"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://testserver.evil.example"}, False),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "https://other.testserver", "sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
    ],
)
async def test_with_a_cookie_changes_come_from_the_page_alone(
    guarded: Guarded, headers: dict[str, str], allowed: bool
) -> None:
    session = cookie(await sign_in(guarded, await guarded.key(Right.ADMIN)))
    reply = await guarded.site.client.post("/jobs", {"prompt": "p"}, {**session, **headers})
    if allowed:
        assert reply.status == 201
    else:
        assert assert_problem(reply, 403)["code"] == "cross_site"
        assert (await guarded.site.store.counts()).by_state == {}
        # The same request with a key has no browser behind it that was made to send it.
        key = bearer(await guarded.key(Right.SUBMIT))
        if "origin" not in headers and "sec-fetch-site" not in headers:
            assert (await guarded.site.client.post("/jobs", {"prompt": "p"}, {**key, **headers})).status == 201


async def test_signing_out_ends_the_session_here_or_everywhere(guarded: Guarded) -> None:
    key, another = await guarded.key(Right.READ), await guarded.key(Right.READ)
    mine = [cookie(await sign_in(guarded, key)) for _ in range(3)]
    other = cookie(await sign_in(guarded, another))
    client = guarded.site.client
    out = await client.request("DELETE", "/session", headers={**mine[0], **OWN})
    assert (out.status, "Max-Age=0" in out.headers["set-cookie"]) == (204, True)
    assert_problem(await client.get("/session", mine[0]), 401)
    assert (await client.get("/session", mine[1])).status == 200
    assert (await client.request("DELETE", "/session?everywhere=true", headers={**mine[1], **OWN})).status == 204
    for one in mine:
        assert_problem(await client.get("/session", one), 401)
    assert (await client.get("/session", other)).status == 200


async def test_signing_in_again_makes_a_new_session_and_ends_the_old(guarded: Guarded) -> None:
    key = await guarded.key(Right.READ)
    first = cookie(await sign_in(guarded, key))
    second = cookie(await sign_in(guarded, key, **first))
    assert first != second
    assert_problem(await guarded.site.client.get("/session", first), 401)
    assert len(await guarded.site.store.sessions_of()) == 1


async def test_a_session_ends_with_its_key(guarded: Guarded) -> None:
    key = await guarded.key(Right.READ)
    session = cookie(await sign_in(guarded, key))
    async with guarded.site.client.stream("/events", session) as stream:
        await stream.named("hello")
        await guarded.revoke(key)
        assert_problem(await guarded.site.client.get("/session", session), 401)
        await guarded.site.acts.credentials.refresh()
        assert await stream.next() is None


async def test_a_session_that_is_ended_elsewhere_ends_its_streams(guarded: Guarded) -> None:
    session = cookie(await sign_in(guarded, await guarded.key(Right.READ)))
    async with guarded.site.client.stream("/events", session) as stream:
        await stream.named("hello")
        # As another process would: this one is not told.
        [stored] = await guarded.site.store.sessions_of()
        await guarded.site.store.end_sessions([stored.id])
        await guarded.site.acts.credentials.refresh()
        assert await stream.next() is None


@pytest.mark.parametrize("step", [IDLE_MS, LIFE_MS])
async def test_a_session_ends_unused_and_at_last_in_any_case(guarded: Guarded, step: int) -> None:
    session = cookie(await sign_in(guarded, await guarded.key(Right.READ)))
    used = 0
    while used < step - 60_000:
        forward = min(step - 60_000 - used, IDLE_MS // 2 if step == LIFE_MS else step)
        used += guarded.clock.forward(forward) and forward
        assert (await guarded.site.client.get("/session", session)).status == 200
        if step == LIFE_MS:
            await guarded.site.acts.credentials.flush()
            guarded.site.acts.credentials.forget()
    guarded.clock.forward(IDLE_MS if step == IDLE_MS else 60_000)
    assert_problem(await guarded.site.client.get("/session", session), 401)
    await guarded.site.acts.sessions.prune()
    assert await guarded.site.store.sessions_of() == []


async def test_the_oldest_of_too_many_sessions_ends(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("job_processor.acts.sessions.MAX_SESSIONS_EACH", 2)
    assert MAX_SESSIONS_EACH == 50
    key = await guarded.key(Right.READ)
    made = []
    for _ in range(3):
        made.append(cookie(await sign_in(guarded, key)))
        guarded.clock.forward(1)
    statuses = [(await guarded.site.client.get("/session", one)).status for one in made]
    assert statuses == [401, 200, 200]


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_the_session_is_found_in_whichever_cookie_header_it_is(guarded: Guarded, position: int) -> None:
    session = cookie(await sign_in(guarded, await guarded.key(Right.READ)))
    headers = [("cookie", "theme=dark"), ("cookie", "a=b; c=d")]
    headers.insert(position, ("cookie", session["cookie"]))
    assert (await guarded.site.client.get("/session", headers)).status == 200


async def test_a_forged_cookie_costs_no_look_up(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    session = cookie(await sign_in(guarded, await guarded.key(Right.READ)))
    value = session["cookie"].partition("=")[2]

    async def never(ids: object) -> list[object]:
        raise AssertionError("a look-up")

    monkeypatch.setattr(guarded.site.store, "sessions", never)
    for forged in (
        "",
        "A" * 64,
        value[:-1],
        value + "A",
        value.swapcase(),
        "-" * 64,
        "=" * 64,
        "ä",
        value[:20] + "!" + value[20:],
    ):
        reply = await guarded.site.client.get("/session", {"cookie": f"__Host-jp_session={forged}"})
        assert_problem(reply, 401)


async def test_sessions_are_listed_and_ended_one_by_one(guarded: Guarded) -> None:
    client = guarded.site.client
    key, another = await guarded.key(Right.READ, name="mine"), await guarded.key(Right.READ)
    mine = [cookie(await sign_in(guarded, key)) for _ in range(2)]
    other = cookie(await sign_in(guarded, another))
    listed = (await client.get("/sessions", mine[0])).json()
    assert {(one["who"], one["name"], one["kind"]) for one in listed} == {(key.split("_")[1], "mine", "key")}
    assert sorted(one["current"] for one in listed) == [False, True]
    assert listed[0]["expiresAt"] == render.time_out(guarded.clock.now() + IDLE_MS)
    [foreign] = (await client.get("/sessions", other)).json()
    answer = await client.request("DELETE", f"/sessions/{foreign['id']}", headers={**mine[0], **OWN})
    assert assert_problem(answer, 404)["code"] == "session_not_found"
    for unknown in ("0" * 64, "x"):
        assert_problem(await client.request("DELETE", f"/sessions/{unknown}", headers={**mine[0], **OWN}), 404)
    elsewhere = next(one["id"] for one in listed if not one["current"])
    assert (await client.request("DELETE", f"/sessions/{elsewhere}", headers={**mine[0], **OWN})).status == 204
    assert_problem(await client.get("/session", mine[1]), 401)
    assert (await client.get("/session", mine[0])).status == 200
    assert (await client.get("/session", other)).status == 200


async def test_an_administrator_sees_and_ends_the_sessions_of_everybody(guarded: Guarded) -> None:
    client = guarded.site.client
    admin, revoked = bearer(await guarded.key(Right.ADMIN)), await guarded.key(Right.READ)
    reader = cookie(await sign_in(guarded, await guarded.key(Right.READ, name="reader")))
    assert_problem(await client.get("/sessions?everyone=true", reader), 403)
    await sign_in(guarded, revoked)
    await guarded.revoke(revoked)
    assert (await client.get("/sessions", admin)).json() == []
    # Without the session of the revoked key, which ended with it.
    [one] = (await client.get("/sessions?everyone=true", admin)).json()
    assert (one["name"], one["current"]) == ("reader", False)
    assert (await client.request("DELETE", f"/sessions/{one['id']}", headers=admin)).status == 204
    assert_problem(await client.get("/session", reader), 401)
    entries = (await client.get("/audit?act=signed_out", admin)).json()
    assert [entry["what"] for entry in entries] == [one["id"][:16]]


async def test_anybody_learns_how_to_sign_in(guarded: Guarded) -> None:
    reply = await guarded.site.client.get("/session/ways")
    assert reply.json() == {"auth": "keys", "ways": [{"kind": "key", "name": "API key", "path": "/session"}]}


async def test_the_page_that_asks_who_one_is_leaves_no_refusal(guarded: Guarded) -> None:
    client, admin = guarded.site.client, bearer(await guarded.key(Right.ADMIN))
    assert_problem(await client.get("/session"), 401)
    assert_problem(await client.get("/session", bearer("jp_no")), 401)
    await guarded.site.acts.refusals.write()
    [entry] = (await client.get("/audit?act=refused", admin)).json()
    assert (entry["what"], entry["detail"]) == ("GET /session", "malformed_key")
