"""Idempotency keys: one document each, with the key as ``_id`` and the id of its job, written before the job.

So keys are unique without a unique index on ``jobs``, and both collections can be sharded by ``_id``. A crash between
the two writes leaves a key without a job; a repeated submit makes the job under the id in the key, and only one of
several succeeds. In format 1 a key was inside its job, under a unique index; where that index exists such keys are
honoured.
"""

from collections.abc import Iterable

from job_processor.core.errors import IdempotencyMismatch
from job_processor.store.base import IdempotencyKey
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import new_write_id
from job_processor.store.mongo.groups import Groups, Write


class Keys:
    """``embedded_too``: jobs may contain keys themselves, as in format 1."""

    def __init__(self, link: Link, embedded_too: bool) -> None:
        self._link = link
        self._embedded_too = embedded_too
        self._keys = link.collection("keys")
        self._jobs = link.collection("jobs")
        self._groups = Groups(link, self._keys)

    async def hold(self, key: IdempotencyKey, job_id: str) -> str | None:
        """The job id of the key: this one, or the one that was stored first. ``None``: the key was deleted just now.

        Raises ``IdempotencyMismatch`` when the key was used with another body.
        """
        birth = new_write_id()
        fields: Document = {"job": job_id, "fingerprint": key.fingerprint}
        where: Document = {"_id": key.key, "birth": birth}
        update: Document = {"$setOnInsert": fields, "$currentDate": {"at": True}}
        if await self._groups.write(Write(key.key, birth, where, update, upsert=True)):
            return job_id
        found = await self._link.read(lambda again: self._keys.find_one({"_id": key.key}))
        if found is None:
            return None
        _match(key, found["fingerprint"])
        return str(found["job"])

    async def embedded(self, key: IdempotencyKey) -> Document | None:
        """The job that contains this key itself. Raises ``IdempotencyMismatch``."""
        if not self._embedded_too:
            return None

        async def run(hint: str | None) -> Document | None:
            return await self._jobs.find_one({"key.key": key.key}, hint=hint)

        found = await self._link.hinted(run, "key")
        if found is not None:
            _match(key, found["key"]["fingerprint"])
        return found

    async def free(self, jobs: Iterable[Document]) -> None:
        """Delete the keys of these jobs, whose deletion has begun, so that it can no longer be refused."""
        keys = _keys(jobs)
        if keys:
            where = {"_id": {"$in": list(keys)}, "job": {"$in": list(keys.values())}}
            await self._link.do(lambda again: self._keys.delete_many(where))

    async def finish(self) -> None:
        await self._groups.finish()


def _match(key: IdempotencyKey, fingerprint: object) -> None:
    if not key.fits(str(fingerprint)):
        raise IdempotencyMismatch("The idempotency key was used before with another body.")


def _keys(jobs: Iterable[Document]) -> dict[str, str]:
    return {job["idempotencyKey"]: job["_id"] for job in jobs if job.get("idempotencyKey")}
