"""``job-processor bulk`` against a server as a process."""

from pathlib import Path

from tests.support.process import Server, run, server

FLOWS = '[flows.mock]\nprocessor = "mock"\ndelay_seconds = 0\n'


async def bulk(web: Server, cwd: Path, *arguments: str) -> tuple[int, str]:
    return await run("bulk", *arguments, "--url", web.base, environment={}, cwd=cwd)


async def test_count_start_see_it_end_and_list_it(tmp_path: Path) -> None:
    async with server(tmp_path, FLOWS) as web:
        for _ in range(3):
            async with web.http.post("/jobs", json={"prompt": "p", "delaySeconds": 3600, "tags": ["a"]}) as reply:
                assert reply.status == 201
        for arguments, words in (
            (("cancel",), "Give a filter, such as --status failed, or --all"),
            (("cancel", "--status", "frozen"), "query.status: must be one of"),
            (("cancel", "--tag", "a"), "Standard input is not a terminal, so confirmation is not possible; add --yes."),
            (("replay", "--all", "--to-flow", "none"), "flow: must be one of: mock"),
            (("abort", "0" * 24), "There is no bulk action with this id."),
        ):
            code, said = await bulk(web, tmp_path, *arguments)
            assert (code, words in said) == (2, True), said

        code, said = await bulk(web, tmp_path, "cancel", "--status", "pending", "--tag", "a", "--dry-run")
        assert (code, said.strip()) == (0, "3 jobs match.")
        code, said = await bulk(web, tmp_path, "cancel", "--status", "pending", "--yes", "--limit", "2")
        assert (code, said.splitlines()[0]) == (0, "2 jobs match.")
        action_id, status, *rest = said.splitlines()[1].split()
        assert (status, rest) == ("DONE", ["cancel", "2", "done"])
        code, said = await bulk(web, tmp_path, "retry", "--all", "--yes")
        assert code == 0
        assert said.splitlines()[1].endswith("  DONE      retry   2 done, 1 skipped (is_pending)")
        code, said = await bulk(web, tmp_path, "abort", action_id)
        assert (code, f"{action_id}  DONE" in said) == (0, True), "it has ended"
        code, said = await bulk(web, tmp_path, "list")
        assert (code, [line.split()[2] for line in said.splitlines()]) == (0, ["retry", "cancel"])
