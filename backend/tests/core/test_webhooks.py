"""Which notices an end makes, and what becomes of a delivery and its endpoint with each try."""

import json
from dataclasses import replace
from itertools import count

import pytest
from msgspec import structs

from job_processor.core.job import Job, JobError, JobWebhook, State, WebhookEvent
from job_processor.core.webhooks import (
    DISABLED_AFTER_MS,
    JITTER,
    MAX_INLINE_RESULT_BYTES,
    MAX_TRIES_KEPT,
    RETRY_DELAYS_SECONDS,
    Delivery,
    DeliveryState,
    DisabledBecause,
    Endpoint,
    EndpointSecret,
    Try,
    after_try,
    body_of,
    ended_with,
    endpoint_after,
    notices,
    replayed,
)

NOW = 1_800_000_000_000
ALL = tuple(WebhookEvent)
DONE, FAILED, CANCELLED = WebhookEvent.COMPLETED, WebhookEvent.FAILED, WebhookEvent.CANCELLED


def job(state: State = State.COMPLETED, **fields: object) -> Job:
    made = Job("0" * 24, "p", "f", state, 3, NOW - 5000, NOW, NOW, 0, 3, finished_at=NOW, owner="me")
    return structs.replace(made, **fields)


def endpoint(id_: str, **fields: object) -> Endpoint:
    made = Endpoint(id_, 1, f"https://{id_}.example/x", ALL, None, "", NOW, "admin", (EndpointSecret("sealed"),))
    return replace(made, **fields)  # type: ignore[arg-type]  # fields by name


def delivery(**fields: object) -> Delivery:
    made = Delivery("1" * 24, 1, "e1", "job.failed", "https://e1.example", "{}", NOW, "f", next_at=NOW)
    return replace(made, **fields)  # type: ignore[arg-type]  # fields by name


def answered(status: int | None, at: int = NOW) -> Try:
    return Try(at, 5, status, None if status else "no connection")


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_an_end_is_a_move_to_a_final_state(before: State, after: State) -> None:
    expected = {State.COMPLETED: DONE, State.FAILED: FAILED, State.CANCELLED: CANCELLED}.get(after)
    assert ended_with(job(before), job(after)) == (None if before is after else expected)


@pytest.mark.parametrize(
    ("webhook", "event", "expected"),
    [
        (None, DONE, ["all", "f", "done"]),
        (None, FAILED, ["all", "f"]),
        (JobWebhook("https://me.example/a?b=c"), FAILED, [None, "all", "f"]),
        (JobWebhook("https://me.example/a", (CANCELLED,)), FAILED, ["all", "f"]),
        (JobWebhook("https://me.example/a", (CANCELLED,)), CANCELLED, [None, "all", "f"]),
    ],
)
def test_who_is_told(webhook: JobWebhook | None, event: WebhookEvent, expected: list[str | None]) -> None:
    endpoints = [
        endpoint("all"),
        endpoint("f", flows=("f",)),
        endpoint("g", flows=("g",)),
        endpoint("done", events=(DONE,)),
        endpoint("off", disabled_at=1, disabled_because=DisabledBecause.ASKED),
    ]
    ids = count(1)
    made = notices(job(webhook=webhook), event, endpoints, lambda: f"{next(ids):024x}")
    assert [one.endpoint_id for one in made] == expected
    assert len({one.id for one in made}) == len(made)
    assert {one.body for one in made} == {body_of(job(), event)}
    for one in made:
        assert (one.state, one.next_at, one.job_id, one.flow) == (DeliveryState.PENDING, NOW, "0" * 24, "f")
        # A webhook of a job is signed for its owner, and shares a lane with others of the same host.
        mine = one.endpoint_id is None
        assert (one.owner, one.lane) == (("me", "host me.example") if mine else ("", one.endpoint_id))


def test_the_body_tells_what_happened_and_carries_no_long_result() -> None:
    told = json.loads(body_of(job(State.FAILED, error=JobError("c", "m"), tags=("a",), metadata={"k": [1]}), FAILED))
    assert told["type"] == "job.failed"
    assert told["timestamp"] == told["data"]["finishedAt"] == "2027-01-15T08:00:00.000Z"
    assert told["data"]["error"] == {"code": "c", "message": "m"}
    assert (told["data"]["tags"], told["data"]["metadata"]) == (["a"], {"k": [1]})
    assert told["data"]["answeredBy"] is None
    assert json.loads(body_of(job(answered_by="g"), DONE))["data"]["answeredBy"] == "g"
    for result, size in (
        ("x" * MAX_INLINE_RESULT_BYTES, MAX_INLINE_RESULT_BYTES),
        ("ä" * MAX_INLINE_RESULT_BYTES, 2 * MAX_INLINE_RESULT_BYTES),
    ):
        data = json.loads(body_of(job(result=result), DONE))["data"]
        assert (data["result"], data["resultBytes"]) == (result if size <= MAX_INLINE_RESULT_BYTES else None, size)
    # Lone surrogates in metadata have no UTF-8.
    assert body_of(job(metadata={"k": "\ud800"}), DONE).encode()


def test_ten_tries_over_days_and_then_it_is_given_up() -> None:
    one, now, waits = delivery(), NOW, []
    while one.state is DeliveryState.PENDING:
        before, now = one, one.next_at or 0
        one = after_try(one, answered(500, now), None, now, 0.5)
        assert (one.id, one.body) == (before.id, before.body)
        if one.next_at is not None:
            waits.append((one.next_at - now) / 1000)
    assert waits == pytest.approx([delay * (1 + JITTER / 2) for delay in RETRY_DELAYS_SECONDS])
    assert len(one.tries) == len(RETRY_DELAYS_SECONDS) + 1 == 10
    assert sum(waits) > 3 * 86_400
    assert (one.state, one.next_at, one.settled_at) == (DeliveryState.FAILED, None, now)
    # A replay starts anew, and keeps what was tried.
    again = replayed(one, now)
    assert (again.state, again.next_at, len(again.tries)) == (DeliveryState.PENDING, now, 10)
    assert after_try(again, answered(500), None, now, 0).next_at == now + 5000
    for _ in range(3 * MAX_TRIES_KEPT):
        again = after_try(replayed(again, now), answered(500), None, now, 0)
    assert len(again.tries) == MAX_TRIES_KEPT


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, DeliveryState.DELIVERED),
        (204, DeliveryState.DELIVERED),
        (299, DeliveryState.DELIVERED),
        (301, DeliveryState.PENDING),
        (307, DeliveryState.PENDING),
        (400, DeliveryState.PENDING),
        (404, DeliveryState.PENDING),
        (410, DeliveryState.FAILED),
        (429, DeliveryState.PENDING),
        (500, DeliveryState.PENDING),
        (None, DeliveryState.PENDING),
    ],
)
def test_what_an_answer_means(status: int | None, state: DeliveryState) -> None:
    after = after_try(delivery(), answered(status), None, NOW, 0)
    assert after.state is state
    assert (after.next_at is None) == (state is not DeliveryState.PENDING) == (after.settled_at is not None)


@pytest.mark.parametrize(
    ("asked", "wait"), [(None, 5_000), (1_000, 5_000), (60_000, 60_000), (10**12, 86_400_000), (-1, 5_000)]
)
def test_retry_after_is_respected_within_a_day(asked: int | None, wait: int) -> None:
    retry_at = None if asked is None else NOW + asked
    assert after_try(delivery(), answered(503), retry_at, NOW, 0).next_at == NOW + wait


def test_an_endpoint_that_is_gone_or_fails_for_days_is_disabled() -> None:
    one = endpoint("e")
    assert endpoint_after(one, answered(200)) == one
    gone = endpoint_after(one, answered(410))
    assert (gone.disabled_because, gone.disabled_at) == (DisabledBecause.GONE, NOW)
    failing = endpoint_after(one, answered(500))
    assert (failing.failing_since, failing.disabled_at) == (NOW, None)
    assert endpoint_after(failing, answered(200, NOW + 1)) == one
    later = NOW + DISABLED_AFTER_MS
    assert endpoint_after(failing, answered(None, later - 1)) == failing
    ended = endpoint_after(failing, answered(None, later))
    assert (ended.disabled_because, ended.disabled_at) == (DisabledBecause.FAILING, later)
    # What a person did stays.
    off = replace(failing, disabled_at=5, disabled_because=DisabledBecause.ASKED)
    assert endpoint_after(off, answered(410, later)) == off
    assert not off.wants(DONE, "f")


def test_a_secret_signs_until_its_overlap_is_over() -> None:
    new, old, older = EndpointSecret("n"), EndpointSecret("o", NOW + 1), EndpointSecret("oo", NOW)
    one = endpoint("e", secrets=(new, old, older))
    assert one.valid_secrets(NOW - 1) == (new, old, older)
    assert one.valid_secrets(NOW) == (new, old)
    assert one.valid_secrets(NOW + 1) == (new,)
