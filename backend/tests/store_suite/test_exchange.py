"""The exchange of an attempt: recorded with the claim and with each outcome, and absent in older records."""

import json

from msgspec import structs

from job_processor.core.exchange import EndedBy, Exchange
from job_processor.core.outcome import Accepted, Reported, Succeeded
from job_processor.store import portable
from job_processor.store.base import Claim, Store
from tests.store_suite import given
from tests.store_suite.given import RULES

SENT = Exchange("POST https://processor.example/work, model m-1", 30_000)
SEEN = Exchange(SENT.sent_to, SENT.timeout_ms, 1_234, 202, 56)


async def test_it_is_recorded_with_the_claim_and_with_each_outcome(store: Store) -> None:
    await given.added(store)

    [job] = (await store.claim(Claim(RULES, 1, "w1", exchange=SENT))).jobs
    assert [one.exchange for one in (await given.stored(store, job.id)).attempts] == [SENT]

    accepted = Reported(Accepted(60_000), token=given.token_of(job), exchange=SEEN)
    job = await given.moved(store, job, accepted)
    assert [one.exchange for one in (await given.stored(store, job.id)).attempts] == [SEEN]

    await given.moved(store, job, Reported(Succeeded("r"), 1))
    ended = await given.stored(store, job.id)
    assert [one.exchange for one in ended.attempts] == [structs.replace(SEEN, ended_by=EndedBy.CALLBACK)]
    assert portable.load(portable.dump(ended)) == ended


async def test_an_attempt_of_a_version_without_it_is_read(store: Store) -> None:
    await given.added(store)
    line = json.loads(portable.dump(await given.claimed(store)))
    for attempt in line["record"]["attempts"]:
        del attempt["exchange"]
    old = structs.replace(portable.load(json.dumps(line).encode()), id=given.new_id(store.now()))

    await store.add(old)

    assert [(one.number, one.exchange) for one in (await given.stored(store, old.id)).attempts] == [(1, None)]
