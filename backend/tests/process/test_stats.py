"""``job-processor stats`` against a server as a process."""

import json
from pathlib import Path

import pytest

from job_processor import cli
from job_processor.stats_command import since
from tests.processors.chat import stream
from tests.processors.rogue import Rogue
from tests.support.process import run, server
from tests.support.waiting import until

FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 0\n'


async def test_a_table_and_json_of_what_happened(tmp_path: Path) -> None:
    async with server(tmp_path, FLOWS) as web:
        for prompt in ("p", "fault:error"):
            async with web.http.post("/jobs", json={"prompt": prompt, "maxAttempts": 1}) as reply:
                assert reply.status == 201

        async def stats(*arguments: str) -> tuple[int, str]:
            return await run("stats", *arguments, "--url", web.base, environment={}, cwd=tmp_path)

        async def ended() -> bool:
            async with web.http.get("/stats/series") as reply:
                total = (await reply.json())["total"]
            return bool(total["completed"] + total["failed"] == 2)

        await until(ended)
        code, said = await stats("--since", "3h", "--step", "1h", "--flow", "mock")
        lines = said.splitlines()
        assert code == 0, said
        assert lines[0].split()[:5] == ["from", "(UTC)", "done", "failed", "cancelled"]
        total = next(line for line in lines if line.startswith("total"))
        assert total.split()[1:4] == ["1", "1", "0"]
        assert any(line.startswith("* not all of this time was counted") for line in lines)
        assert any(line.startswith("failed with ") for line in lines)
        code, said = await stats("--json")
        assert (code, json.loads(said)["total"]["completed"]) == (0, 1)
        code, said = await stats("--since", "100d", "--step", "1m")
        assert (code, "step: must" in said) == (2, True), said


async def test_what_keys_used_as_a_table_and_as_json(tmp_path: Path) -> None:
    async with Rogue(stream("Hello.")).serve() as model:
        options = f'processor = "openai"\nmodel = "m"\nbase_url = "{model.url}/v1"'
        prices = "price_input_per_million = 1000\nprice_output_per_million = 100000"
        async with server(tmp_path, f'currency = "EUR"\n[flows.chat]\n{options}\n{prices}\n') as web:
            async with web.http.post("/jobs", json={"prompt": "p", "key": "acme"}) as reply:
                job = (await reply.json())["id"]
            async with web.http.get(f"/jobs/{job}", headers={"prefer": "wait=30"}) as reply:
                assert (await reply.json())["costMicros"] == 307_000

            async def stats(*arguments: str, verb: str = "stats") -> list[str]:
                code, said = await run(verb, *arguments, "--url", web.base, environment={}, cwd=tmp_path)
                assert code == 0, said
                return said.splitlines()

            head, row = await stats("--keys")
            assert head.split() == ["key", "prompt", "tokens", "answer", "tokens", "cost"]
            assert row.split() == ["acme", "7", "3", "0.307", "EUR"]
            assert json.loads((await stats("--keys", "--json"))[0])["keys"][0]["key"] == "acme"
            groups, one = (await stats("--by", "key", "--q", "status:completed", verb="groups"))[:2]
            assert groups.split()[:4] == ["key", "flow", "jobs", "cost"]
            assert (one.split()[:4], one.split()[-1]) == (["acme", "1", "0.307", "EUR"], job)
            assert json.loads((await stats("--by", "flow", "--json", verb="groups"))[0])["groups"][0]["count"] == 1
            assert await stats(verb="groups") == ["No job matches."], "none has failed"
            assert await stats("--keys", "--since", "2026-01-01", "--until", "2026-01-02") == [
                "No key used tokens in this time."
            ]
            total = next(line for line in await stats() if line.startswith("total"))
            assert total.split()[-3:] == ["10", "0.307", "EUR"]


def test_since_is_an_age_a_date_or_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert since("2026-11-30") == "2026-11-30T00:00:00.000+00:00"
    assert since("2026-11-30T08:00Z") == "2026-11-30T08:00:00.000+00:00"
    assert since("2h") < since("1h")
    with pytest.raises(SystemExit):
        cli.main(["stats", "--since", "yesterday"])
    assert "must be an age like 90s" in capsys.readouterr().err
