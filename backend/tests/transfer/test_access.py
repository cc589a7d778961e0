"""API keys and the audit go along with a copy and a backup; what the target has is not changed by them."""

import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from job_processor import transfer
from job_processor.core.access import ApiKey, Right, Session
from job_processor.core.audit import AuditAct, AuditEntry, AuditOutcome
from job_processor.core.key_text import digest_of
from job_processor.store.base import AuditQuery, Store
from tests.store_suite import given
from tests.transfer.conftest import NewPlace
from tests.transfer.test_copy import quiet

ENTRIES = 2 * transfer.BATCH + 3


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.mongo)])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def key(name: str, now: int, **more: object) -> ApiKey:
    made = ApiKey(name, name, digest_of(name.encode()), (Right.READ,), now, "first00001", name)
    return replace(made, **more)  # type: ignore[arg-type]  # fields by their names


async def filled(store: Store) -> None:
    now = store.now()
    await given.completed(store)
    for one in (
        key("aaaaaaaaaa", now, flows=("main",), rate_per_minute=7, last_used_at=now),
        key("bbbbbbbbbb", now, expires_at=now + 60_000, owner="aaaaaaaaaa"),
        key("cccccccccc", now),
    ):
        assert await store.save_api_key(one)
    [revoked] = [one for one in await store.api_keys() if one.id == "cccccccccc"]
    assert await store.save_api_key(replace(revoked, revoked_at=now))
    await store.record([entry(n, now) for n in range(ENTRIES)])
    await store.add_session(Session("f" * 64, now, now, now + 1_000, "aaaaaaaaaa"))


def entry(n: int, now: int) -> AuditEntry:
    act, outcome = AuditAct.JOB_CANCELLED, AuditOutcome.DONE
    return AuditEntry(
        f"{now // 1000:08x}{n:016x}", now, act, outcome, "key", "aaaaaaaaaa", "192.0.2.1", "r", "job", None
    )


async def held(store: Store) -> tuple[Sequence[ApiKey], Sequence[AuditEntry]]:
    """Without the revision, which the target counts itself."""
    keys = [replace(one, rev=0) for one in await store.api_keys()]
    return keys, await store.list_audit(AuditQuery(limit=10_000))


async def test_a_copy_has_keys_and_audit_and_no_sessions(driver: str, new_place: NewPlace) -> None:
    source = await (await new_place("sqlite")).open()
    target = await (await new_place(driver)).open()
    await filled(source)
    done = await transfer.copy(source, target, quiet)
    assert (done.keys, done.audit) == (3, ENTRIES)
    assert await held(target) == await held(source)
    assert await target.sessions_of() == []
    again = await transfer.copy(source, target, quiet)
    assert (again.written, again.sha256) == (0, done.sha256)


async def test_a_restored_backup_has_keys_and_audit(driver: str, new_place: NewPlace, tmp_path: Path) -> None:
    source = await (await new_place(driver)).open()
    await filled(source)
    made = await transfer.backup(source, tmp_path / "b.gz", quiet)
    target = await (await new_place(driver)).open()
    done = await transfer.restore(tmp_path / "b.gz", target, quiet)
    assert (made.keys, made.audit) == (done.keys, done.audit) == (3, ENTRIES)
    assert await held(target) == await held(source)
    # The text of a key is in no store, so it is in no backup.
    assert b"jp_" not in gzip.decompress((tmp_path / "b.gz").read_bytes())


async def test_a_key_that_was_revoked_since_stays_revoked(new_place: NewPlace, tmp_path: Path) -> None:
    store = await (await new_place("sqlite")).open()
    await filled(store)
    await transfer.backup(store, tmp_path / "b.gz", quiet)
    [first, *_] = await store.api_keys()
    assert await store.save_api_key(replace(first, revoked_at=store.now()))
    before = await held(store)
    await transfer.restore(tmp_path / "b.gz", store, quiet)
    assert await held(store) == before


async def test_a_store_with_a_first_key_of_its_own_keeps_it(new_place: NewPlace, tmp_path: Path) -> None:
    """A new server was started once before the restore; ids of first keys are the same everywhere."""
    source, target = [await (await new_place("sqlite")).open() for _ in range(2)]
    await source.save_api_key(key("first00001", source.now()))
    await source.save_api_key(key("aaaaaaaaaa", source.now()))
    own = key("first00001", target.now(), digest=digest_of(b"another"))
    await target.save_api_key(own)
    await transfer.backup(source, tmp_path / "b.gz", quiet)
    await transfer.restore(tmp_path / "b.gz", target, quiet)
    there = {one.id: one.digest for one in await target.api_keys()}
    assert there == {"first00001": own.digest, "aaaaaaaaaa": digest_of(b"aaaaaaaaaa")}


async def test_a_backup_of_before_there_were_keys_is_taken(new_place: NewPlace, tmp_path: Path) -> None:
    source, target = [await (await new_place("sqlite")).open() for _ in range(2)]
    await given.completed(source)
    await transfer.backup(source, tmp_path / "b.gz", quiet)
    *content, ending = gzip.decompress((tmp_path / "b.gz").read_bytes()).splitlines(keepends=True)
    newer = b',"keys":0,"audit":0,"endpoints":0'
    assert newer in ending
    old = b"".join([*content, ending.replace(newer, b"")])
    (tmp_path / "old.gz").write_bytes(gzip.compress(old))
    done = await transfer.restore(tmp_path / "old.gz", target, quiet)
    assert (done.jobs, done.keys, done.audit) == (1, 0, 0)


async def test_entries_that_do_not_arrive_are_missed(new_place: NewPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = [await (await new_place("sqlite")).open() for _ in range(2)]
    await filled(source)
    record = target.record

    async def all_but_one(entries: Sequence[AuditEntry]) -> None:
        await record(entries[:-1])

    monkeypatch.setattr(target, "record", all_but_one)
    with pytest.raises(transfer.TransferFailed, match="entries of the audit are missing"):
        await transfer.copy(source, target, quiet)
