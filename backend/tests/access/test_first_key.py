"""The first key of an installation: one, in a file of its own."""

import asyncio
from pathlib import Path

from job_processor import first_key
from tests.access.conftest import Guarded, bearer
from tests.http.problems import assert_problem

# --- the first key ---


async def test_a_first_start_makes_one_admin_key_in_a_file_of_its_own(guarded: Guarded, tmp_path: Path) -> None:
    keys = guarded.site.acts.api_keys
    path = await first_key.make_if_none(keys, tmp_path / "data")
    assert path == tmp_path / "data" / "first-admin-key"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text().strip()
    assert (await guarded.site.client.get("/keys", bearer(text))).status == 200
    assert await first_key.make_if_none(keys, tmp_path / "data") is None
    # Revoked: the next start makes another, and never revives the old one.
    await guarded.revoke(text)
    assert await first_key.make_if_none(keys, tmp_path / "data") == path
    assert_problem(await guarded.site.client.get("/keys", bearer(text)), 401)
    assert (await guarded.site.client.get("/keys", bearer(path.read_text().strip()))).status == 200


async def test_a_first_key_that_was_written_and_not_stored_is_stored_by_the_next_start(
    guarded: Guarded, tmp_path: Path
) -> None:
    keys = guarded.site.acts.api_keys
    text = await keys.first_admin_text()
    assert text is not None
    (tmp_path / "first-admin-key").write_text(text + "\n")
    assert await first_key.make_if_none(keys, tmp_path) is not None
    assert (await guarded.site.client.get("/keys", bearer(text))).status == 200


async def test_of_two_first_starts_one_makes_the_key(guarded: Guarded, tmp_path: Path) -> None:
    keys = guarded.site.acts.api_keys
    made = await asyncio.gather(*(first_key.make_if_none(keys, tmp_path / name) for name in ("a", "b", "c")))
    [path] = [one for one in made if one is not None]
    assert [name for name in ("a", "b", "c") if (tmp_path / name / "first-admin-key").exists()] == [path.parent.name]
    assert len(await guarded.site.store.api_keys()) == 1
