"""Every form in which processors say when to come back, and what they have sent in its place."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from job_processor.processors.retry_after import FURTHEST_MS, retry_at

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        ({"retry-after-ms": "1500"}, 1_500),
        ({"Retry-After-Ms": "12.5"}, 12),
        ({"Retry-After": "7"}, 7_000),
        ({"Retry-After": "0.5"}, 500),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "86400"}, 86_400_000),
        ({"Retry-After": formatdate(NOW / 1000 + 90, usegmt=True)}, 90_000),
        ({"Retry-After": formatdate(NOW / 1000 - 90, usegmt=True)}, -90_000),
        ({"x-ratelimit-reset-requests": "1s"}, 1_000),
        ({"x-ratelimit-reset-tokens": "6m0s"}, 360_000),
        ({"x-ratelimit-reset-tokens": "20ms"}, 20),
        ({"x-ratelimit-reset-requests": "1h2m3.5s"}, 3_723_500),
        ({"x-ratelimit-reset-requests": "10"}, 10_000),
    ],
)
def test_forms_that_are_read(headers: dict[str, str], wait_ms: int) -> None:
    assert retry_at(CIMultiDict(headers), NOW) == NOW + wait_ms


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "-1"},
        {"retry-after-ms": "-200"},
        {"retry-after": "soon"},
        {"retry-after": ""},
        {"retry-after": "nan"},
        {"retry-after": "inf"},
        {"retry-after": "1e400"},
        {"retry-after": "9" * 400},
        {"retry-after": "Mon, 99 Xyz 99999999 25:61:61 GMT"},
        {"x-ratelimit-reset-requests": "-3s"},
        {"x-ratelimit-reset-requests": "1 fortnight"},
    ],
)
def test_what_cannot_be_read_is_no_answer(headers: dict[str, str]) -> None:
    assert retry_at(CIMultiDict(headers), NOW) is None


def test_milliseconds_go_before_seconds_and_both_before_resets() -> None:
    headers = CIMultiDict({"retry-after": "9", "retry-after-ms": "300", "x-ratelimit-reset-requests": "1h"})
    assert retry_at(headers, NOW) == NOW + 300
    headers["retry-after-ms"] = "-1"
    assert retry_at(headers, NOW) == NOW + 9_000
    headers["retry-after"] = "-1"
    assert retry_at(headers, NOW) == NOW + 3_600_000


def test_of_two_resets_the_empty_bucket_counts_else_the_sooner() -> None:
    headers = CIMultiDict({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "1m"})
    assert retry_at(headers, NOW) == NOW + 1_000
    headers["x-ratelimit-remaining-tokens"] = "0"
    assert retry_at(headers, NOW) == NOW + 60_000


def test_ten_years_is_the_furthest() -> None:
    assert retry_at(CIMultiDict({"retry-after": "999999999999"}), NOW) == NOW + FURTHEST_MS


@given(st.text(), st.text(), st.text())
def test_no_header_makes_it_raise(milliseconds: str, seconds: str, reset: str) -> None:
    headers = {"retry-after-ms": milliseconds, "retry-after": seconds, "x-ratelimit-reset-tokens": reset}
    at = retry_at(headers, NOW)
    assert at is None or 0 <= at <= NOW + FURTHEST_MS
