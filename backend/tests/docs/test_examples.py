"""Every command line that a page shows is run, in order, against a real server as it comes out of the box."""

import asyncio
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Example, every_page, examples, matches
from tests.faults.server import Server
from tests.support.command import COMMAND

pytestmark = pytest.mark.waits

PAGES = [page for page in every_page() if any(examples(page))]
BLOCK_SECONDS = 60.0
_CURL_TIME_LIMIT = 28
"""How curl ends when it was told to follow a stream for so long."""


class Shell:
    """One shell for a page, so that a variable set in one block is there in the next."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, commands: str) -> tuple[int, str]:
        """The last exit code, and all that was printed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{commands}\nprintf '\\n\\004%d\\n' $?\n".encode())
        await stdin.drain()
        async with asyncio.timeout(BLOCK_SECONDS):
            printed = await stdout.readuntil(b"\n\x04")
            code = await stdout.readline()
        return int(code), printed.removesuffix(b"\n\x04").decode()


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
async def test_what_the_page_shows_is_what_happens(page: Path, tmp_path: Path) -> None:
    server = Server(tmp_path, flows="")
    assert await server.start()
    shell = await asyncio.create_subprocess_exec(
        "bash",
        cwd=tmp_path,
        env={"PATH": f"{COMMAND.parent}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=1 << 20,
    )
    try:
        for example in examples(page):
            await _check(page, example, Shell(shell), server.base.removeprefix("http://"))
    finally:
        shell.kill()
        await shell.wait()
        assert await server.stop() == 0


async def _check(page: Path, example: Example, shell: Shell, address: str) -> None:
    code, printed = await shell.run(example.commands.replace("localhost:3000", address))
    where = f"{page.relative_to(ROOT)}:{example.line}"
    assert code in (0, _CURL_TIME_LIMIT), f"{where}: exit code {code}\n{printed}"
    if example.shown:
        assert matches(example.shown, printed), f"{where} shows\n{example.shown}\nand it prints\n{printed}"


def test_there_are_examples_to_run() -> None:
    assert ROOT / "README.md" in PAGES
    assert sum(1 for page in PAGES for _ in examples(page)) > 20


def test_what_differs_is_told_from_what_is_shown() -> None:
    assert matches('{"id":"…","status":"PENDING",…}', '{"id":"01","status":"PENDING","x":1}\n')
    assert not matches('{"id":"…","status":"PENDING",…}', '{"id":"01","status":"FAILED","x":1}\n')
    assert not matches("a", "a\nb")
