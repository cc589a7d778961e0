"""Tokens of models that flows share: what is estimated, what corrects it, and that a minute's are no burst."""

import pytest
from hypothesis import given, strategies

from job_processor.core import model_tokens
from job_processor.core.job import Usage
from job_processor.core.lane import Lane
from job_processor.core.lane_clock import shift_clock
from job_processor.core.model_tokens import UNUSED, ModelTokens, estimate, prompt_estimate

NOW = 1_750_000_000_000


@pytest.mark.parametrize(
    ("prompt", "longest", "tokens"),
    [("", None, 1_000), ("four" * 10, 50, 60), ("日本" * 2, 7, 10), ("\ud800", 7, 7)],
)
def test_the_first_estimate_is_the_prompt_by_length_and_the_longest_answer(
    prompt: str, longest: int | None, tokens: int
) -> None:
    assert estimate(UNUSED, "f", prompt, longest) == tokens


def test_later_ones_follow_what_the_flow_took_lately_and_no_other_does() -> None:
    tokens = model_tokens.correct(UNUSED, "f", prompt_estimate("four"), 8, 101)
    assert estimate(tokens, "f", "four" * 3, 7) == 103
    assert estimate(tokens, "g", "four" * 3, 7) == 10
    for _ in range(40):
        tokens = model_tokens.correct(tokens, "f", prompt_estimate("four"), 8, 21)
    assert estimate(tokens, "f", "four", 7) == 21
    assert estimate(model_tokens.correct(UNUSED, "f", prompt_estimate("four" * 9), 8, 3), "f", "four", 7) == 1, (
        "never nothing"
    )


@pytest.mark.parametrize(
    ("usage", "taken"),
    [(None, None), (Usage(), None), (Usage(3, None), 3), (Usage(None, 4), 4), (Usage(3, 4), 7)],
)
def test_what_was_reported(usage: Usage | None, taken: int | None) -> None:
    assert model_tokens.reported(usage) == taken


@given(strategies.lists(strategies.tuples(strategies.integers(0, 5_000), strategies.integers(1, 9_000))))
def test_whatever_is_asked_for_no_stretch_of_time_has_more_than_a_second_and_one_job_too_many(
    asked: list[tuple[int, int]],
) -> None:
    rate, tokens, now, started = 60_000.0, UNUSED, NOW, []
    for wait, wanted in asked:
        now += wait
        tokens = model_tokens.refill(tokens, rate, now)
        if model_tokens.may_start(tokens, ahead=False):
            assert model_tokens.starts_at(tokens, rate, now) is None
            tokens = model_tokens.charge(tokens, wanted)
            started.append((now, wanted))
    for n, (since, _) in enumerate(started):
        longest = max(wanted for _, wanted in started[n:])
        assert sum(wanted for _, wanted in started[n:]) <= 1_000 + (now - since) + longest + 1e-6


def test_a_clock_that_is_set_neither_gives_nor_takes_tokens() -> None:
    lane = Lane("limit:l", model_tokens=ModelTokens(-500, NOW))
    moved = shift_clock(lane, 3_600_000)
    at = model_tokens.starts_at(moved.model_tokens, 60_000, NOW + 3_600_000)
    assert at == NOW + 3_600_000 + 501
    assert shift_clock(Lane("limit:l"), 5).model_tokens == UNUSED
