"""However an error is wrapped, and wherever its status stands, it means the same."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.core.outcome import Failed, HandOver, LaneClosed
from job_processor.processors.answers.meaning import judge_error, judge_status
from tests.processors.answer_words import SENT, described, model_of, run, spoken
from tests.processors.given import NOW
from tests.processors.rogue import Rogue, answer, events


@pytest.fixture
async def rogue() -> AsyncIterator[Rogue]:
    async with Rogue(answer(200)).serve() as server:
        yield server


BARE: list[tuple[int, dict[str, Any]]] = [
    (429, {"message": "Slow down. Please try again in 7s.", "type": "requests", "code": "rate_limit_exceeded"}),
    (429, {"message": "No quota.", "type": "insufficient_quota", "code": "insufficient_quota"}),
    (402, {"message": "Insufficient Balance"}),
    (400, {"message": "'top_p' is not supported.", "param": "top_p", "code": "unsupported_parameter"}),
    (400, {"message": "Too many tokens.", "param": "messages", "code": "context_length_exceeded"}),
    (400, {"message": "The prompt was refused.", "code": "content_filter"}),
    (401, {"message": "Who are you?"}),
    (404, {"message": "No such thing."}),
    (413, {"message": "Too much."}),
    (422, {"message": "Cannot be used."}),
    (500, {"message": "Oops."}),
    (502, {"message": "Bad gateway."}),
    (503, {"message": "Loading model"}),
    (529, {"message": "Overloaded", "type": "overloaded_error"}),
]
Wrap = Callable[[Any], Any]
WRAPS: dict[str, Wrap] = {
    "a list around it": lambda e: [e],
    "an error inside an error": lambda e: {"error": {"message": "Provider returned error", "error": e}},
    "as JSON in a message": lambda e: {"error": {"message": "Upstream failed: " + json.dumps(e)}},
    "as JSON in raw": lambda e: {"error": {"message": "Provider returned error", "metadata": {"raw": json.dumps(e)}}},
    "as Python prints it": lambda e: {"error": {"message": f"APIException - {e}", "type": "None", "param": "None"}},
    "as bytes in Python's form": lambda e: {"error": {"message": f"AnthropicException - {json.dumps(e).encode()!r}"}},
    "type: error": lambda e: {"type": "error", "error": e},
    "object: error": lambda e: {"object": "error", "message": {"detail": e}},
    "beside no choice": lambda e: {"id": "1", "choices": None, "error": e},
    "beside an empty list of choices": lambda e: {"choices": [], "error": e},
    "inside a choice": lambda e: {"choices": [{"index": 0, "delta": {"content": ""}, "error": e}]},
    "beside a null choice": lambda e: {
        "choices": [{"index": 0, "message": None, "finish_reason": "error"}],
        "error": e,
    },
}
PLACES: dict[str, Wrap] = {
    "code as a number": lambda s: {"code": s},
    "code as a text": lambda s: {"code": str(s)},
    "status": lambda s: {"status": s},
    "statusCode": lambda s: {"statusCode": s},
}


def _plain(over: object) -> object:
    """A meaning without its words."""
    if isinstance(over, Failed):
        over = HandOver(over)
    assert isinstance(over, HandOver)
    lane = over.lane
    closed = (lane.trouble, lane.until) if isinstance(lane, LaneClosed) else type(lane)
    against = None if over.against_job is None else (over.against_job.error.code, over.against_job.retryable)
    return described(over), closed, against


def _bare(status: int, error: dict[str, Any]) -> HandOver:
    over = judge_status(status, {}, json.dumps({"error": error}).encode(), NOW, SENT)
    assert over is not None
    return over


def _named(status: int, error: dict[str, Any], place: str) -> dict[str, Any]:
    """The error with its status in it, where it does not stand for something else already."""
    told = PLACES[place](status)
    return {"error": {**told, **error} if set(told) & set(error) else {**error, **told}}


@given(
    st.sampled_from(BARE),
    st.sampled_from(sorted(PLACES)),
    st.lists(st.sampled_from(sorted(WRAPS)), max_size=3),
)
def test_however_an_error_is_wrapped_it_means_the_same(
    bare: tuple[int, dict[str, Any]], place: str, wraps: list[str]
) -> None:
    status, error = bare
    wrapped: Any = _named(status, error, place) if "code" not in error else {"error": {**error, "status": status}}
    for name in wraps:
        wrapped = WRAPS[name](wrapped)
    expected = _plain(_bare(status, error))
    assert _plain(judge_error(200, {}, wrapped, NOW, SENT)) == expected
    over = judge_status(status, {}, json.dumps(wrapped).encode(), NOW, SENT)
    assert _plain(over) == expected
    assert error["message"].split(".")[0] in spoken(over)


@pytest.mark.parametrize("wrap", sorted(WRAPS))
@pytest.mark.parametrize("streamed", [True, False])
async def test_a_wrapped_error_in_an_answer_means_the_same(rogue: Rogue, wrap: str, streamed: bool) -> None:
    for status, error in BARE:
        wrapped = WRAPS[wrap]({"error": {**error, "status": status}})
        rogue.script = [events(json.dumps(wrapped), "[DONE]") if streamed else answer(200, wrapped)]
        over = await run(model_of(rogue, stream=streamed))
        assert _plain(over) == _plain(_bare(status, error)), (status, error)
