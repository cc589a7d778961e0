"""`job-processor check --online` asks the identity provider too, and says in words what is wrong."""

import asyncio
from pathlib import Path

import pytest

from job_processor import commands
from tests.e2e.served import free_port
from tests.support.fake_oidc import FakeProvider

DISCOVERY = "/.well-known/openid-configuration"


async def checked(tmp_path: Path, issuer: str) -> int:
    environment = {"DATA_DIR": str(tmp_path), "OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": "the-page"}
    return await asyncio.to_thread(commands.check, environment, online=True)


async def test_a_provider_that_answers(fake: FakeProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await checked(tmp_path, fake.issuer) == 0
    assert "online OIDC_ISSUER: ok: The identity provider answers, " in capsys.readouterr().out
    assert set(fake.asked) == {DISCOVERY, "/keys"}


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        (DISCOVERY, (404, b"not here"), "discovery: it answered 404 (OIDC_ISSUER)"),
        (DISCOVERY, (500, b"{}"), "it answered 500"),
        (DISCOVERY, (200, b"<html>"), "not the metadata of a provider"),
        (DISCOVERY, (200, b'{"issuer": "x"}'), "not the metadata of a provider"),
        ("/keys", (403, b"{}"), "keys: it answered 403"),
        ("/keys", (200, b"<html>"), "keys"),
    ],
)
async def test_what_is_wrong_is_said(
    fake: FakeProvider,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    path: str,
    answer: tuple[int, bytes],
    words: str,
) -> None:
    fake.answers[path] = answer
    assert await checked(tmp_path, fake.issuer) == 1
    said = capsys.readouterr().out
    [line] = [one for one in said.splitlines() if one.startswith("online OIDC_ISSUER: FAILED: ")]
    assert words in line
    assert "People cannot sign in" in said


async def test_a_provider_that_names_itself_otherwise(
    fake: FakeProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await checked(tmp_path, f"{fake.issuer}/") == 1
    assert "its issuer is not exactly OIDC_ISSUER" in capsys.readouterr().out


async def test_nobody_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await checked(tmp_path, f"http://127.0.0.1:{free_port()}") == 1
    assert "online OIDC_ISSUER: FAILED: " in capsys.readouterr().out
