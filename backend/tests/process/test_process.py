"""Rows L1, L2, L9, J7, J8: a real process starts, stops, refuses, and never tells a secret."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.support.command import pipe, start
from tests.support.process import Server, run, server
from tests.support.waiting import until

MOCK = """
[flows.mock]
processor = "mock"
delay_seconds = {delay}
callback_timeout_seconds = 30
"""
SLOW_PYTHON = """
[flows.slow]
processor = "python"
function = "slow_work:work"
"""
SLOW_WORK = """
import asyncio

async def work(prompt, context=None):
    await asyncio.sleep(3600)
"""
CANARIES = {
    "WEBHOOK_SECRET": "canary-webhook-0123456789abcdef0123456789",
    "WEBHOOK_SECRET_PREVIOUS": "canary-previous-0123456789abcdef012345678",
    "SOME_API_KEY": "canary-api-key",
}


async def job(web: Server, job_id: str) -> dict[str, Any]:
    async with web.http.get(f"/jobs/{job_id}") as reply:
        found: dict[str, Any] = await reply.json()
        return found


async def in_state(web: Server, job_id: str, state: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        found = await job(web, job_id)
        return found if found["status"] == state else None

    return await until(look, state)


async def test_the_seed_conversation_with_a_real_process_and_a_real_callback(tmp_path: Path) -> None:
    async with server(tmp_path, MOCK.format(delay=0.1)) as web:
        done = await in_state(web, await web.submit("Your task description here"), "COMPLETED")

        assert isinstance(json.loads(done["result"]), dict)
        assert [entry["what"] for entry in done["history"]] == ["submitted", "started", "accepted", "completed"]
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0


async def test_l1_sigterm_with_open_streams_and_jobs_under_way_exits_0_in_time(tmp_path: Path) -> None:
    async with server(tmp_path, MOCK.format(delay=3000)) as web:
        waiting = await web.submit("a")
        await in_state(web, waiting, "WAITING")
        streams = [await web.http.get("/events") for _ in range(20)]
        held = asyncio.create_task(_status(web.http, f"/jobs/{waiting}", {"prefer": "wait=60"}))
        # Half a request that nobody will finish.
        _, half = await asyncio.open_connection("127.0.0.1", web.port)
        half.write(b"POST /jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n")
        await half.drain()

        web.kill(signal.SIGTERM)

        assert await web.ended() == 0
        assert await held == 200
        for stream in streams:
            await stream.read()
        half.close()
    async with server(tmp_path, MOCK.format(delay=3000)) as web:
        assert (await job(web, waiting))["status"] == "WAITING"


async def _status(http: aiohttp.ClientSession, path: str, headers: dict[str, str]) -> int:
    async with http.get(path, headers=headers) as reply:
        await reply.read()
        return reply.status


async def test_l1_an_attempt_that_does_not_end_is_given_back_at_no_cost(tmp_path: Path) -> None:
    (tmp_path / "slow_work.py").write_text(SLOW_WORK)
    async with server(tmp_path, SLOW_PYTHON, PYTHONPATH=str(tmp_path), DRAIN_SECONDS="1") as web:
        running = await web.submit("a")
        await in_state(web, running, "RUNNING")
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0
    async with server(tmp_path, MOCK.format(delay=0)) as web:
        after = await job(web, running)
        assert (after["status"], after["failures"], after["attempts"][0]["end"]) == ("PENDING", 0, "snoozed")


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
async def test_l2_asked_twice_it_goes_at_once_and_cleanly(tmp_path: Path, first: signal.Signals) -> None:
    async with server(tmp_path, MOCK.format(delay=3000)) as web:
        stream = await web.http.get("/events")
        web.kill(first)
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0
        stream.close()


@pytest.mark.parametrize("host", ["127.0.0.2", "127.8.8.8", "::1"])
async def test_every_address_of_the_loopback_answers_under_itself(tmp_path: Path, host: str) -> None:
    """Its mock calls back at that address, so the job would never be done otherwise."""
    async with server(tmp_path, MOCK.format(delay=0.01), HOST=host) as web:
        await in_state(web, await web.submit("x"), "COMPLETED")
        async with web.http.get("/health", headers={"host": "evil.example"}) as reply:
            assert reply.status == 403
        async with web.http.get("/health", headers={"host": "localhost"}) as reply:
            assert reply.status == 200


REFUSALS = {
    "production as it comes": ({"APP_ENV": "production"}, ("WEBHOOK_SECRET",)),
    "off loopback as it comes": ({"HOST": "0.0.0.0"}, ("WEBHOOK_SECRET",)),
    "off loopback without any login": ({"HOST": "0.0.0.0", "AUTH": "off"}, ("WEBHOOK_SECRET", "AUTH")),
    "several faults": ({"LOG_LEVEL": "loud", "AUTH": "x", "CORS_ORIGINS": "*"}, ("LOG_LEVEL", "AUTH", "CORS_ORIGINS")),
    "open to rebinding": (
        {"HOST": "0.0.0.0", "AUTH": "proxy", "WEBHOOK_SECRET": CANARIES["WEBHOOK_SECRET"]},
        ("ALLOWED_HOSTS",),
    ),
    "any host": ({"ALLOWED_HOSTS": "*"}, ("ALLOWED_HOSTS",)),
    "no such failpoint": ({"FAILPOINTS": "no-such:kill"}, ("FAILPOINTS",)),
    "a failpoint with words for a number": ({"FAILPOINTS": "sqlite.before_commit:kill@x"}, ("FAILPOINTS",)),
    "a name that is no address": ({"HOST": "no-such-host.invalid"}, ("HOST",)),
    "a data directory that is a file": ({"DATA_DIR": "flows.toml"}, ("flows.toml",)),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_l9_a_bad_start_is_refused_in_words(tmp_path: Path, name: str) -> None:
    environment, words = REFUSALS[name]
    (tmp_path / "flows.toml").write_text('[flows.a]\nprocessor = "mock"\n')

    code, said = await run("serve", "--port", "0", environment=environment, cwd=tmp_path)

    assert code == 2, said
    assert all(word in said for word in words), said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [["check"], ["serve", "--port", "0"]])
async def test_check_refuses_what_a_start_refuses(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "flows.toml").write_text(
        '[flows.a]\nprocessor = "webhook"\nurl = "http://localhost:1/"\ntoken_env = "NOT_SET"\n'
        '[flows.b]\nprocessor = "python"\nfunction = "no_such_module:f"\n'
    )

    code, said = await run(*command, environment={}, cwd=tmp_path)

    assert code == 2, said
    assert "flow a: token_env: the environment variable NOT_SET is not set" in said
    assert "flow b: function: no_such_module cannot be imported" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [["list"], ["submit", "Hello"], ["watch"]])
async def test_a_command_that_finds_no_server_says_so(tmp_path: Path, command: list[str]) -> None:
    code, said = await run(*command, "--url", "http://127.0.0.1:9", environment={}, cwd=tmp_path)

    assert (code, said) == (
        2,
        "job-processor: http://127.0.0.1:9 does not answer as expected (ClientConnectorError).\n",
    )


async def test_a_command_ends_quietly_when_its_reader_has_enough(tmp_path: Path) -> None:
    (reader, stdout), (errors, stderr) = pipe(), pipe()
    reader.close()
    process = start(["openapi"], {}, tmp_path, stdout, stderr)
    stdout.close()
    stderr.close()
    with errors:
        assert (await asyncio.to_thread(process.wait, 30), errors.read()) == (141, "")


async def test_j8_no_prompt_speaks_to_the_terminal_of_who_lists_jobs(tmp_path: Path) -> None:
    async with server(tmp_path, MOCK.format(delay=3000)) as web:
        await web.submit("\x1b]0;owned\x07 red \x1b[31m and \x9b31m \u202edesrever")

        code, said = await run("list", "--url", web.base, environment={}, cwd=tmp_path)

    assert code == 0
    assert "]0;owned" in said
    assert all(character.isprintable() for character in said.rstrip("\n"))


@pytest.mark.parametrize("directory", ["flows.toml", "flows.toml/below", "/proc/nothing"])
@pytest.mark.parametrize("command", ["check", "backup"])
async def test_a_data_directory_that_cannot_be_one_is_refused_by_commands_too(
    tmp_path: Path, command: str, directory: str
) -> None:
    (tmp_path / "flows.toml").write_text('[flows.a]\nprocessor = "mock"\n')
    arguments = {"check": ["check"], "backup": ["backup", "--to", "b.gz"]}[command]

    code, said = await run(*arguments, environment={"DATA_DIR": directory}, cwd=tmp_path)

    assert code == 2, said
    assert directory in said
    assert "Traceback" not in said


async def test_the_address_of_a_database_is_not_taken_for_a_directory(tmp_path: Path) -> None:
    """Longer than a name in a directory may be. Asked as one, the system refuses it, and the address has a password."""
    address = f"mongodb://name:{'secret' * 50}@127.0.0.1:1/jobs?w=1"

    code, said = await run("backup", "--to", "-", environment={"MONGODB_URI": address}, cwd=tmp_path)

    assert code == 2, said
    # Refused as an address, before anything is waited for.
    assert "MONGODB_URI is not safe: w=1" in said
    assert "Traceback" not in said
    assert "secret" not in said


async def test_l9_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    async with server(tmp_path / "one") as web:
        code, said = await run("serve", "--port", str(web.port), "--data-dir", "data", environment={}, cwd=tmp_path)
    assert code == 2
    assert "PORT" in said
    assert "Traceback" not in said


async def test_j7_no_secret_is_in_anything_that_comes_out(tmp_path: Path) -> None:
    flows = MOCK.format(delay=0) + '\n[flows.hook]\nprocessor = "webhook"\nurl = "http://127.0.0.1:1/x"\n'
    async with server(tmp_path, flows, **CANARIES, LOG_LEVEL="debug") as web:
        said = b""
        first = await web.submit("a fault:wrong_secret")
        await in_state(web, first, "WAITING")
        async with web.http.post("/jobs", json={"prompt": "a", "flow": "hook"}) as reply:
            said += await reply.read()
        for secret in CANARIES.values():
            async with web.http.post(
                "/webhook/callback", json={"jobId": first, "result": "x"}, headers={"x-webhook-secret": secret + "x"}
            ) as reply:
                assert reply.status == 401
                said += await reply.read()
        done = await web.submit("b")
        await in_state(web, done, "COMPLETED")
        for path in (
            "/flows",
            "/metrics",
            "/openapi.json",
            "/health",
            "/stats",
            "/workers",
            "/jobs",
            f"/jobs/{done}",
            "/x",
        ):
            async with web.http.get(path) as reply:
                said += await reply.read() + str(reply.headers).encode()
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0
        said += web.log.read_bytes()
    code, checked = await run("check", environment={**CANARIES, "DATA_DIR": str(tmp_path / "other")}, cwd=tmp_path)
    assert code == 0, checked

    assert b"canary" not in said
    assert "canary" not in checked


@pytest.mark.parametrize("form", ["json", "text"])
async def test_j8_no_text_of_a_client_can_forge_a_line_of_the_log(tmp_path: Path, form: str) -> None:
    async with server(tmp_path, MOCK.format(delay=0), LOG_FORMAT=form, LOG_LEVEL="debug") as web:
        evil = 'x\n{"event": "forged"}\n\x1b[2J'
        made = await web.submit(evil)
        await in_state(web, made, "COMPLETED")
        await web.http.post(f"/jobs/{made}/cancel", json={"reason": evil})
        other = await web.submit("fault:lost")
        async with web.http.post(
            "/webhook/callback",
            json={"jobId": other, "error": evil},
            headers={"x-webhook-secret": "dev-secret-key", "x-request-id": "forged id", "user-agent": "a\tb"},
        ) as reply:
            assert reply.status == 200
        async with web.http.post(URL(f"{web.base}/jobs/%1b[2J%0a/webhook/callback", encoded=True)) as reply:
            assert reply.status in (401, 404)
        web.kill(signal.SIGTERM)
        assert await web.ended() == 0
        lines = web.log.read_text().splitlines()

    if form == "json":
        assert all(isinstance(json.loads(line), dict) for line in lines)
        assert all(json.loads(line)["event"] != "forged" for line in lines)
    assert not any(line.startswith('{"event": "forged"') for line in lines)
    assert not any("\x1b" in line for line in lines)
