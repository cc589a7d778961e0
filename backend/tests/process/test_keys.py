"""A server that asks for keys, as a process: its first key, the commands, and what comes out of it."""

import json
import signal
from pathlib import Path

import pytest

from job_processor.core.key_text import PATTERN, digest_of, key_text
from tests import mongo_server
from tests.support.process import Server, run, server

FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 0\n[flows.other]\nprocessor = "mock"\n'
WRONG = key_text("canary0000", "C4n4ryC4n4ryC4n4ryC4n4ryC4n4ry00")


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def keys(web: Server, cwd: Path, *arguments: str, key_file: Path) -> tuple[int, str]:
    environment = {"JOB_PROCESSOR_KEY_FILE": str(key_file)}
    return await run(*arguments, "--url", web.base, environment=environment, cwd=cwd)


async def test_the_first_key_opens_the_server_and_the_commands(tmp_path: Path) -> None:
    first = tmp_path / "data" / "first-admin-key"
    async with server(tmp_path, FLOWS, AUTH="keys") as web:
        assert first.stat().st_mode & 0o777 == 0o600
        async with web.http.get("/jobs") as reply:
            assert reply.status == 401
        code, said = await run("list", "--url", web.base, environment={}, cwd=tmp_path)
        assert (code, "401: An API key is needed" in said) == (2, True)

        limits = ("--right", "submit", "--right", "read", "--flow", "other", "--expires-in", "1h", "--rate", "600")
        code, said = await keys(web, tmp_path, "keys", "create", "robot", *limits, key_file=first)
        assert code == 0, said
        described, text = said.splitlines()
        key_id = text.split("_")[1]
        assert described.startswith(f"{key_id}  read,submit  flows other  expires 20")
        assert described.endswith("600 a minute  robot")
        (tmp_path / "robot").write_text(text)
        code, said = await keys(web, tmp_path, "submit", "Hi", "--flow", "other", key_file=tmp_path / "robot")
        assert (code, "PENDING" in said or "RUNNING" in said) == (0, True), said
        code, said = await keys(web, tmp_path, "list", key_file=tmp_path / "robot")
        assert (code, said.count("other")) == (0, 1)
        code, said = await keys(web, tmp_path, "keys", "list", key_file=tmp_path / "robot")
        assert (code, "403" in said) == (2, True)

        code, said = await keys(web, tmp_path, "keys", "rotate", key_id, "--overlap", "0s", key_file=first)
        assert code == 0, said
        async with web.http.get("/jobs", headers=bearer(text)) as reply:
            assert reply.status == 401
        rotated = said.splitlines()[1]
        async with web.http.get("/jobs", headers=bearer(rotated)) as reply:
            assert reply.status == 200
        code, said = await keys(web, tmp_path, "keys", "revoke", rotated.split("_")[1], key_file=first)
        assert (code, said.strip()) == (0, f"{rotated.split('_')[1]}  revoked")
        async with web.http.get("/jobs", headers=bearer(rotated)) as reply:
            assert reply.status == 401
        code, said = await keys(web, tmp_path, "keys", "list", key_file=first)
        assert (code, len(said.splitlines())) == (0, 3)
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0


async def test_sessions_are_listed_and_ended_by_commands(tmp_path: Path) -> None:
    first = tmp_path / "data" / "first-admin-key"
    async with server(tmp_path, FLOWS, AUTH="keys") as web:
        own = {"sec-fetch-site": "same-origin"}
        async with web.http.post("/session", json={"key": first.read_text().strip()}, headers=own) as reply:
            session = {"cookie": reply.headers["set-cookie"].partition(";")[0]}
        async with web.http.get("/jobs", headers=session) as reply:
            assert reply.status == 200
        async with web.http.get("/metrics", headers=session) as reply:
            assert 'job_processor_signed_in_total{kind="key"} 1.0' in await reply.text()
        for more in ((), ("--everyone",)):
            code, said = await keys(web, tmp_path, "sessions", "list", *more, key_file=first)
            assert (code, len(said.splitlines())) == (0, 1), said
            assert "  from 127.0.0.1  " in said
        code, said = await keys(web, tmp_path, "sessions", "end", said.split()[0], key_file=first)
        assert (code, said.strip().endswith("  ended")) == (0, True), said
        async with web.http.get("/jobs", headers=session) as reply:
            assert reply.status == 401
        code, said = await keys(web, tmp_path, "sessions", "end", "0" * 64, key_file=first)
        assert (code, "404" in said) == (2, True)
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0


async def test_without_a_server_the_same_commands_work_on_the_store(tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(tmp_path / "data")}

    async def on_store(*arguments: str) -> tuple[int, str]:
        return await run("keys", *arguments, "--store", environment=environment, cwd=tmp_path)

    code, said = await on_store("create", "back in", "--right", "admin")
    assert code == 0, said
    text = said.splitlines()[1]
    for wrong, words in (
        (("create", "n", "--right", "admin", "--flow", "f"), "flows: must be left out for an admin key"),
        (("revoke", "0000000000"), "There is no API key with this id"),
    ):
        code, said = await on_store(*wrong)
        assert (code, words in said) == (2, True), said
    async with server(tmp_path, FLOWS, AUTH="keys") as web:
        # There is an admin key already, so none is made.
        assert not (tmp_path / "data" / "first-admin-key").exists()
        async with web.http.get("/audit", headers=bearer(text)) as reply:
            [entry] = await reply.json()
        assert (entry["act"], entry["kind"], entry["what"]) == ("key_created", "command", text.split("_")[1])
        code, said = await on_store("list")
        assert (code, "another process" in said.lower() or "in use" in said.lower()) == (2, True), said


async def test_j7_no_secret_of_a_request_is_in_anything_that_comes_out(tmp_path: Path) -> None:
    """Ten kinds of secrets, each planted where a client might put it."""
    planted = {
        "a wrong key": WRONG,
        "a basic password": "Y2FuYXJ5OmNhbmFyeS1iYXNpYw==",
        "a path": "canary-in-the-path",
        "a query": "canary-in-the-query",
        "an unknown header": "canary-in-a-header",
        "an idempotency key": "canary-idempotency",
        "a reason": "canary-reason",
        "a prompt": "canary-prompt",
        "a callback secret": "canary-callback-secret",
        "a body": "canary-body",
    }
    settings = {"AUTH": "keys", "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "ACCESS_LOG": "on"}
    async with server(tmp_path, FLOWS, **settings) as web:
        admin = (tmp_path / "data" / "first-admin-key").read_text().strip()
        made = bearer(admin)
        said = b""

        async def ask(method: str, path: str, expected: int, **rest: object) -> bytes:
            nonlocal said
            async with web.http.request(method, path, **rest) as reply:  # type: ignore[arg-type]  # of a test
                body = await reply.read()
                assert reply.status == expected, body
                said += body + str(reply.headers).encode()
                return body

        await ask("GET", "/jobs", 401, headers=bearer(WRONG))
        await ask("GET", "/jobs", 401, headers={"authorization": f"Basic {planted['a basic password']}"})
        await ask("GET", f"/jobs/{planted['a path']}", 404, headers=made)
        await ask("GET", f"/{planted['a path']}", 404, headers=made)
        await ask("GET", f"/jobs?token={planted['a query']}", 422, headers=made)
        await ask("POST", "/jobs", 422, headers=made, json={planted["a body"]: planted["a body"]})
        await ask("POST", "/session", 401, json={"key": WRONG})
        headers = {**made, "idempotency-key": planted["an idempotency key"], "x-token": planted["an unknown header"]}
        async with web.http.post(
            "/jobs", headers=headers, json={"prompt": planted["a prompt"], "flow": "other"}
        ) as reply:
            job = (await reply.json())["id"]
        wrong = {"x-webhook-secret": planted["a callback secret"]}
        await ask("POST", "/webhook/callback", 401, headers=wrong, json={"jobId": job, "result": "x"})
        async with web.http.post(f"/jobs/{job}/cancel", headers=made, json={"reason": planted["a reason"]}) as reply:
            assert reply.status == 200
        async with web.http.post("/session", json={"key": admin}) as reply:
            assert reply.status == 201
            cookie = reply.headers["set-cookie"].partition("=")[2].partition(";")[0]
            said += await reply.read()
        for path in ("/audit", "/audit/export", "/keys", "/metrics", "/stats", "/session", "/openapi.json"):
            await ask("GET", path, 200, headers=made)
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0
        log = web.log.read_bytes()

    for name, secret in {**planted, "the admin key": admin, "its digest": digest_of(admin.encode())}.items():
        assert secret.encode() not in said + log, name
    assert cookie.encode() not in said + log
    assert admin.split("_")[2].encode() not in said + log
    assert PATTERN not in log.decode()
    lines = [json.loads(line) for line in log.decode().splitlines()]
    [cancelled] = [one for one in lines if one.get("route") == "/jobs/{id}/cancel"]
    assert (cancelled["event"], cancelled["method"], cancelled["status"]) == ("request", "POST", 200)
    assert (cancelled["id"], cancelled["kind"], cancelled["who"]) == (job, "key", admin.split("_")[1])
    assert cancelled["address"] == "127.0.0.1"
    assert len(cancelled["request_id"]) == 16
    unknown = [one for one in lines if one["event"] == "request" and one["route"] == "none"]
    assert [one["status"] for one in unknown] == [404]


@pytest.mark.mongo
async def test_a_key_that_is_revoked_on_one_server_ends_on_another(tmp_path: Path) -> None:
    """Two processes over one MongoDB."""
    found = mongo_server.require()
    database = found.database()
    uri = found.uri.replace("/?", f"/{database}?")
    try:
        async with (
            server(tmp_path / "a", FLOWS, AUTH="keys", MONGODB_URI=uri) as one,
            server(tmp_path / "b", FLOWS, AUTH="keys", MONGODB_URI=uri) as two,
        ):
            assert not (tmp_path / "b" / "data" / "first-admin-key").exists()
            admin = bearer((tmp_path / "a" / "data" / "first-admin-key").read_text().strip())
            async with one.http.post("/keys", headers=admin, json={"name": "n", "rights": ["read"]}) as reply:
                made = await reply.json()
            key = bearer(made["key"])
            async with two.http.get("/events", headers=key) as stream:
                assert stream.status == 200
                await stream.content.readline()
                async with one.http.delete(f"/keys/{made['id']}", headers=admin) as reply:
                    assert reply.status == 204
                # The other process closes the stream; it never learns of the key by a request.
                async for _ in stream.content:
                    pass
            async with two.http.get("/jobs", headers=key) as reply:
                assert reply.status == 401
    finally:
        found.drop(database)
