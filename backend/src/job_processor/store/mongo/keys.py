"""Idempotency keys: a document each, ``_id`` the key, written before its job and with the id that the job will have.

So a key is unique wherever its document lies, and ``jobs`` needs no unique index but its ``_id``: both can be sharded
by it. A crash between key and job leaves a key without a job; whoever repeats the submission makes the job under the id
that the key names, and of several who do, one. Before version 3 a key stood in its job's document, under a unique
index; where that index is there such keys are honoured.
"""

import contextlib
from collections.abc import Iterable

from job_processor.core.errors import IdempotencyMismatch
from job_processor.store.base import IdempotencyKey
from job_processor.store.mongo.client import Document, Link
from job_processor.store.mongo.documents import new_write_id
from job_processor.store.mongo.groups import Groups, Write


class Keys:
    """``embedded_too``: jobs may carry keys of their own, as they did before version 3."""

    def __init__(self, link: Link, embedded_too: bool) -> None:
        self._link = link
        self._embedded_too = embedded_too
        self._keys = link.collection("keys")
        self._jobs = link.collection("jobs")
        self._groups = Groups(link, self._keys)

    async def hold(self, key: IdempotencyKey, job_id: str) -> str | None:
        """The id of the key's job: this one, or the one that was there first. ``None``: it was freed in this moment.

        Raises ``IdempotencyMismatch`` when the key was used for another body.
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
        """The job that carries this key itself. Raises ``IdempotencyMismatch``."""
        if not self._embedded_too:
            return None

        async def run(hint: str | None) -> Document | None:
            return await self._jobs.find_one({"key.key": key.key}, hint=hint)

        found = await self._link.hinted(run, "key")
        if found is not None:
            _match(key, found["key"]["fingerprint"])
        return found

    async def free(self, jobs: Iterable[Document]) -> None:
        """The keys of these jobs, which are about to be deleted, may be used anew."""
        keys = _keys(jobs)
        if keys:
            where = {"_id": {"$in": list(keys)}, "job": {"$in": list(keys.values())}}
            await self._link.do(lambda again: self._keys.delete_many(where))

    async def keep(self, jobs: Iterable[Document]) -> None:
        """Of jobs that were to be deleted and were not, put the keys back."""
        ids = [job["_id"] for job in jobs if job.get("idempotencyKey")]

        async def there(again: bool) -> list[Document]:
            return await self._jobs.find({"_id": {"$in": ids}}, {"idempotencyKey": 1, "fingerprint": 1}).to_list()

        for job in await self._link.read(there) if ids else ():
            key = IdempotencyKey(job["idempotencyKey"], job["fingerprint"])
            # Somebody may have been quicker to use it anew, for whatever it is.
            with contextlib.suppress(IdempotencyMismatch):
                await self.hold(key, job["_id"])

    async def finish(self) -> None:
        await self._groups.finish()


def _match(key: IdempotencyKey, fingerprint: object) -> None:
    if not key.fits(str(fingerprint)):
        raise IdempotencyMismatch("The idempotency key was used before with another body.")


def _keys(jobs: Iterable[Document]) -> dict[str, str]:
    return {job["idempotencyKey"]: job["_id"] for job in jobs if job.get("idempotencyKey")}
