"""What makes two submissions the same: what the client asked for, in whatever release it first asked."""

import msgspec
import pytest

from job_processor.http.fingerprint import idempotency_key
from job_processor.http.models import Submission, WireIn


def decoded(body: str) -> Submission:
    return msgspec.json.decode(body.encode(), type=Submission)


FULL = (
    '{"prompt":"ü","flow":"f","runAt":"2026-11-24T10:15:30Z","priority":3,"maxAttempts":2,'
    '"deadline":"2026-12-24T10:15:30Z","tags":["b","a"],"metadata":{"z":1,"a":[1.5,null]},'
    '"resultSchema":{"type":"object"}}'
)


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ('{"prompt":"p"}', "f8d44c2079406d2f40c5e35b953ee86a7ad4ca46a7e3cd8d8c053b4ea318f673"),
        (FULL, "5ed680ab4abc757039dd83d89ec4cef9d07545c03c234640287417678e8f2d90"),
        ('{"prompt":"p","delaySeconds":5}', "f2e514094dd64ce1010cacf6f8648f5042bb7a3f9a4751979d6363ae1c66f461"),
    ],
)
def test_what_the_first_release_stored_is_known_again(body: str, stored: str) -> None:
    """The digests are of that release, and must never change."""
    assert idempotency_key("k", decoded(body)).fits(stored)


@pytest.mark.parametrize(
    ("body", "fingerprint"),
    [
        ('{"prompt":"p"}', "2:4b3f025124f2bcf3b1631fdfd45d9e593332f876d6d84aa8db7bf31564b7355d"),
        (FULL, "2:436ef7cf78b78249ffe3cdf167143c07e4d12d0dbf7789737f6a4e63df63aa34"),
    ],
)
def test_the_form_of_now_never_changes_either(body: str, fingerprint: str) -> None:
    assert idempotency_key("k", decoded(body)).fingerprint == fingerprint


@pytest.mark.parametrize(
    "same",
    [
        '{"prompt": "p", "priority": 0}',
        '{"tags": [], "prompt": "p"}',
        '{"prompt": "p", "flow": null, "metadata": {}}',
    ],
)
def test_a_default_that_is_given_is_as_one_that_is_left_out(same: str) -> None:
    assert idempotency_key("k", decoded(same)) == idempotency_key("k", decoded('{"prompt": "p"}'))


class Later(Submission):
    """A release that has one field more."""

    colour: str | None = None


def test_a_release_that_adds_a_field_knows_the_requests_of_the_one_before() -> None:
    body = FULL.encode()
    assert issubclass(Later, WireIn)
    now = idempotency_key("k", decoded(FULL))
    assert idempotency_key("k", msgspec.json.decode(body, type=Later)) == now
    coloured = idempotency_key("k", msgspec.json.decode(body[:-1] + b',"colour":"blue"}', type=Later))
    assert coloured.fingerprint != now.fingerprint
    assert coloured.before is None
