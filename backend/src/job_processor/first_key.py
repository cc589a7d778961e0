"""The first admin key of a new installation. It is written to a file with mode 0600, and never printed."""

import asyncio
import contextlib
import os
from pathlib import Path

from job_processor.acts.api_keys import ApiKeys
from job_processor.core.errors import SettingsInvalid

FILE_NAME = "first-admin-key"


async def make_if_none(keys: ApiKeys, directory: Path) -> Path | None:
    """Make an admin key if there is no valid one. Returns the path of its file; ``None``: there is a valid one.

    The file is written before the key is stored. After a crash in between, the next start stores the key of the file.
    Raises ``SettingsInvalid`` if the file cannot be written.
    """
    path = directory / FILE_NAME
    known = await asyncio.to_thread(_read, path)
    text = await keys.first_admin_text(known)
    if text is None:
        return None
    if text != known:
        try:
            await asyncio.to_thread(_write, path, text)
        except OSError as error:
            raise SettingsInvalid(
                f"DATA_DIR: the first admin key cannot be written to {path} ({error.strerror}). Fix that, or make a "
                "key with `job-processor keys create --store` first."
            ) from None
    if await keys.store_first_admin(text):
        return path
    # Another process has stored its key first. It may use the same directory, so delete only our own file.
    if text != known and await asyncio.to_thread(_read, path) == text:
        await asyncio.to_thread(path.unlink)
    return None


def _read(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="ascii").strip()
    return ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    unfinished.unlink(missing_ok=True)
    fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(fd)
    unfinished.rename(path)
