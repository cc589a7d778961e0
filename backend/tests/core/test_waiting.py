"""Every job that is not final can say in words what it waits for, and until when if that is known."""

from dataclasses import replace

import pytest
from msgspec import structs

from job_processor.core.flow import FlowRules, SharedLimit
from job_processor.core.job import FINAL, Job, Refusals, Snooze, State
from job_processor.core.lane import Lane, Trouble, charge, close
from job_processor.core.model_tokens import ModelTokens
from job_processor.core.series import DAY, start_of
from job_processor.core.waiting import WaitingFor, waiting_on
from tests.core.given import BAD, EVERY_STATE, NOW, RULES, after, pending, running, says, waiting

LANE = Lane("f")


def waits(
    job: Job,
    lane: Lane = LANE,
    rules: FlowRules = RULES,
    in_flight: int = 0,
    now: int = NOW,
    falls_to: str | None = None,
) -> WaitingFor:
    found = waiting_on(job, lane, rules, in_flight, now, falls_to=falls_to)
    assert found is not None
    assert found.detail.strip()
    return found


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_final_job_waits_for_nothing(state: State) -> None:
    assert waiting_on(EVERY_STATE[state](), LANE, RULES, 0, NOW) is None


def test_a_running_job_waits_for_the_processor_until_its_lease_ends() -> None:
    assert waits(running()).kind == "processor"
    assert waits(running()).until == NOW + 30_000


def test_a_waiting_job_waits_for_its_callback() -> None:
    assert (waits(waiting()).kind, waits(waiting()).until) == ("callback", NOW + 60_000)


def test_a_job_that_is_due_waits_for_a_worker() -> None:
    assert waits(pending()) == WaitingFor("worker", "A worker takes it next.")


def test_a_scheduled_job_waits_for_its_time() -> None:
    assert (waits(pending(run_at=NOW + 9)).kind, waits(pending(run_at=NOW + 9)).until) == ("schedule", NOW + 9)


def test_a_failed_attempt_waits_for_the_next() -> None:
    job = after(running(), says(BAD, "t1"))

    assert (waits(job).kind, waits(job).until) == ("retry", job.run_at)


def test_a_paused_flow_says_who_it_waits_for_and_why() -> None:
    assert waits(pending(), replace(LANE, paused=True)).kind == "paused"
    assert "maintenance" in waits(pending(), replace(LANE, paused=True, detail="maintenance")).detail


def test_a_flow_whose_budget_is_used_up_says_so_until_the_next_day() -> None:
    rules = replace(RULES, budget_per_day=2_500_000)
    lane = replace(LANE, spent=2_500_000, spent_on=start_of(DAY, NOW), trouble=Trouble.OUTAGE)
    found = waiting_on(pending(), lane, rules, 0, NOW, currency="EUR")
    assert found is not None
    assert (found.kind, found.until) == ("over_budget", start_of(DAY, NOW) + DAY)
    assert "2.50 EUR" in found.detail


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_closed_lane_says_its_trouble_and_until_when(trouble: Trouble) -> None:
    lane = close(LANE, trouble, "n8n refuses connections.", NOW + 8_000, NOW, 0.5)

    assert waits(pending(), lane) == WaitingFor(trouble.value, "n8n refuses connections.", NOW + 8_000)


def test_of_a_lane_that_is_being_probed_nobody_knows_until_when() -> None:
    lane = charge(close(LANE, Trouble.OUTAGE, "down", None, NOW - 9_000, 0.5), 1, RULES, "token", "job")

    assert waits(pending(), lane) == WaitingFor("outage", "down", None)


def test_a_job_that_alone_was_put_back_says_why() -> None:
    job = structs.replace(pending(run_at=NOW + 1_000), snooze=Snooze("refused", "Others get through."))

    assert waits(job) == WaitingFor("refused", "Others get through.", NOW + 1_000)


def test_a_refusal_that_is_held_against_the_job_is_said_so() -> None:
    job = structs.replace(pending(run_at=NOW + 1_000), attempt=2, failures=1, refusals=Refusals(NOW))

    said = "Attempt 2 was refused, which is held against this job, and the next one follows."
    assert waits(job) == WaitingFor("retry", said, NOW + 1_000)


def test_a_full_lane_says_how_many_places_it_has() -> None:
    found = waits(pending(), rules=FlowRules("f", concurrency=4), in_flight=4)

    assert found.kind == "concurrency"
    assert "4" in found.detail
    assert waits(pending(), rules=FlowRules("f", concurrency=4), in_flight=3).kind == "worker"


def test_a_rated_flow_says_its_rate() -> None:
    found = waits(pending(), replace(LANE, tokens=0.5, tokens_at=NOW), FlowRules("f", rate_per_minute=60))

    assert (found.kind, found.until) == ("rate", NOW + 501)


def test_a_flow_with_a_rate_says_so_only_when_no_place_is_left() -> None:
    rules = FlowRules("f", rate_per_minute=60.0)
    spent = charge(replace(LANE, tokens=1.0, tokens_at=NOW), 1, rules, "t", "j")

    assert waits(pending(), replace(LANE, tokens=1.0, tokens_at=NOW), rules).kind == "worker"
    assert (waits(pending(), spent, rules).kind, waits(pending(), spent, rules).until) == ("rate", NOW + 1_001)


def test_a_flow_with_one_place_has_the_one_place() -> None:
    rules = FlowRules("f", concurrency=1, concurrency_per_key=1)
    job = structs.replace(pending(), key="a")
    full = {job.key_hash(): None}

    assert waiting_on(job, LANE, rules, 0, NOW, full) == WaitingFor(
        "key_concurrency", "The one place of its key in the flow f is taken."
    )


def test_a_job_whose_key_is_at_its_limit_says_so() -> None:
    job, other = structs.replace(pending(), key="a"), structs.replace(pending(), key="b")
    rules = FlowRules("f", concurrency=1, concurrency_per_key=4, rate_per_key=6)
    full = {job.key_hash(): None}

    assert waiting_on(job, LANE, rules, 0, NOW, full) == WaitingFor(
        "key_concurrency", "All 4 places of its key in the flow f are taken."
    )
    assert waiting_on(other, LANE, rules, 0, NOW, full) == WaitingFor("worker", "A worker takes it next.")


def test_a_job_whose_key_started_enough_says_until_when() -> None:
    job = structs.replace(pending(), key="a")

    assert waiting_on(job, LANE, FlowRules("f", rate_per_key=6), 0, NOW, {job.key_hash(): NOW + 9}) == WaitingFor(
        "key_rate", "The flow f takes 6 jobs a minute of each key.", NOW + 9
    )


def test_a_rate_of_one_job_a_minute_is_of_one_job() -> None:
    job, spent = structs.replace(pending(), key="a"), replace(LANE, tokens=0.5, tokens_at=NOW)
    rules = FlowRules("f", rate_per_minute=1, rate_per_key=1)
    shared = FlowRules("f", limit=SharedLimit("openai", ("f", "g"), requests_per_minute=1))

    found = [
        waiting_on(job, spent, rules, 0, NOW, {}),
        waiting_on(job, LANE, rules, 0, NOW, {job.key_hash(): NOW}),
        waiting_on(job, LANE, shared, 0, NOW, {}, (spent, 0)),
    ]
    assert [None if one is None else one.detail for one in found] == [
        "The flow f takes 1 job a minute.",
        "The flow f takes 1 job a minute of each key.",
        "The flows of the limit openai take 1 job a minute together.",
    ]


def test_a_job_whose_flow_shares_a_limit_says_when_that_is_reached() -> None:
    limit = SharedLimit("openai", ("f", "g"), concurrency=3, requests_per_minute=60)
    rules, lane = FlowRules("f", limit=limit), Lane("limit:openai", tokens=0.5, tokens_at=NOW)
    job = pending()

    assert waiting_on(job, LANE, rules, 0, NOW, {}, (lane, 3)) == WaitingFor(
        "shared_concurrency", "All 3 places of the limit openai are taken."
    )
    assert waiting_on(job, LANE, rules, 0, NOW, {}, (lane, 2)) == WaitingFor(
        "shared_rate", "The flows of the limit openai take 60 jobs a minute together.", NOW + 501
    )
    assert waiting_on(job, LANE, rules, 0, NOW, {}, (replace(lane, tokens=1.0), 2)) == WaitingFor(
        "worker", "A worker takes it next."
    )


def test_a_closed_lane_says_where_its_jobs_go() -> None:
    rules = replace(RULES, fallback=("g", "h"), fallback_after_seconds=30)
    lane = close(LANE, Trouble.OUTAGE, "Gone.", NOW + 80_000, NOW, 0.5)

    told = "Gone. When it has been closed for 30 s, jobs go to the flow g, else h."
    assert waits(pending(), lane, rules).detail == told
    there = waits(pending(), lane, rules, now=NOW + 30_000, falls_to="h")
    assert there.detail == "Gone. Meanwhile jobs go to the flow h."
    nowhere = waits(pending(), lane, rules, now=NOW + 30_000)
    assert nowhere.detail == "Gone. Meanwhile jobs would go to the flow g, else h, but these are closed too."
    assert waits(pending(), replace(lane, paused=True), rules).kind == "paused"
    # Texts of processors may have no full stop.
    bare = replace(lane, detail="Connection refused")
    alone = waits(pending(), bare, replace(rules, fallback=("g",)), now=NOW + 30_000).detail
    assert alone == "Connection refused. Meanwhile jobs would go to the flow g, but that is closed too."
    assert waits(pending(), bare).detail == "Connection refused"

    over = replace(LANE, spent=9, spent_on=start_of(DAY, NOW))
    told = waits(pending(), over, replace(rules, budget_per_day=9), falls_to="g").detail
    assert told.startswith("The budget of the flow f of ")
    assert told.endswith(" at once. Meanwhile jobs go to the flow g.")


def test_a_job_whose_flow_shares_tokens_says_when_some_are_left() -> None:
    rules = FlowRules("f", limit=SharedLimit("openai", ("f", "g"), tokens_per_minute=60_000))
    lane = Lane("limit:openai", model_tokens=ModelTokens(-2_000, NOW))
    assert waiting_on(pending(), LANE, rules, 0, NOW, {}, (lane, 9)) == WaitingFor(
        "shared_tokens", "The flows of the limit openai take 60,000 tokens a minute together.", NOW + 2_001
    )
    assert waiting_on(pending(), LANE, rules, 0, NOW + 2_001, {}, (lane, 9)) == WaitingFor(
        "worker", "A worker takes it next."
    )
