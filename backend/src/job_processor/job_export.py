"""``export``: downloads the jobs of a running server to a file."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from job_processor.client import Client, RequestFailed

READ_BYTES = 65_536


class _Line(msgspec.Struct):
    id: str


async def export(
    client: Client, which: Mapping[str, str], form: str, file: Path, resume: bool, progress: Callable[[int, int], None]
) -> int:
    """Write the jobs to the file. Returns the exit code 0. Raises ``RequestFailed`` and ``OSError``.

    ``which``: the search ``q`` and the ``fields``, if any; ``progress``: called with the number of written jobs, and
    the minimum number of all jobs.
    """
    total = await client.count({name: value for name, value in which.items() if name != "fields"})
    before = _last_id(file) if resume else None
    done = 0
    with file.open("ab" if resume else "wb") as to:
        try:
            async for chunk in client.export({**which, "format": form} | ({"before": before} if before else {})):
                to.write(chunk)
                done += chunk.count(b"\n")
                progress(done, max(done, total))
        except RequestFailed as error:
            hint = " Continue it with --resume." if form == "ndjson" else ""
            raise RequestFailed(f"The export was interrupted: {error}{hint}") from None
    client.say(f"{file}: written")
    return 0


def _last_id(file: Path) -> str | None:
    """The id in the last complete line of the file; an incomplete line after it is truncated. ``None``: no line."""
    if not file.exists():
        return None
    with file.open("r+b") as found:
        end = found.seek(0, 2)
        rest = b""
        # Read backwards until the last complete line is found.
        while end and rest.count(b"\n") < 2:
            begin = max(0, end - READ_BYTES)
            found.seek(begin)
            rest = found.read(end - begin) + rest
            end = begin
        whole, _, cut = rest.rpartition(b"\n")
        found.seek(-len(cut), 2)
        found.truncate()
    try:
        return msgspec.json.decode(whole.rpartition(b"\n")[2], type=_Line).id if whole else None
    except msgspec.DecodeError:
        raise RequestFailed(f"{file} is not an export of jobs: its last line has no id.") from None
