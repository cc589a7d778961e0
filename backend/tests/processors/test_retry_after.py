"""Every form in which processors say when to come back, and what they have sent in its place."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from job_processor.outgoing.error_details import gather
from job_processor.outgoing.retry_after import retry_at
from job_processor.outgoing.wait_times import FURTHEST_MS

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
        ({"x-ms-retry-after-ms": "1234"}, 1_234),
        ({"Retry-After": "1.5s"}, 1_500),
        ({"Retry-After": "2027-01-15T08:00:30Z"}, 30_000),
        ({"anthropic-ratelimit-requests-reset": "2027-01-15T08:00:07Z"}, 7_000),
        ({"anthropic-ratelimit-tokens-reset": "2027-01-15T09:00:07+01:00"}, 7_000),
        ({"X-RateLimit-Reset": "1800000009"}, 9_000),
        ({"X-RateLimit-Reset": "1800000009000"}, 9_000),
        ({"X-RateLimit-Reset": "9"}, 9_000),
        ({"ratelimit-reset": "9"}, 9_000),
        ({"RateLimit": '"burst";r=0;t=9'}, 9_000),
        ({"x-ratelimit-reset-tokens-minute": "9.5"}, 9_500),
        ({"x-ratelimit-reset-tokens-1m": "9.5"}, 9_500),
        ({"anthropic-ratelimit-unified-5h-reset": "1800000009"}, 9_000),
        ({"X-RateLimit-Reset": formatdate(NOW / 1000 + 9, usegmt=True)}, 9_000),
        ({"RateLimit": "limit=10, remaining=0, reset=9"}, 9_000),
        ({"Retry-After": "1800000009"}, 9_000),
        ({"Retry-After": "1800000009000"}, 9_000),
        ({"Retry-After": "9 seconds"}, 9_000),
        ({"Retry-After": "2 minutes"}, 120_000),
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


@pytest.mark.parametrize(
    ("error", "wait_ms"),
    [
        ("Please try again in 6m0.2s.", 360_200),
        ("Please try again in 20s. Visit the console.", 20_000),
        ("try again in 300ms", 300),
        ("Try again in 27 seconds.", 27_000),
        ("Please retry in 17.123s.", 17_123),
        ("Please retry after 12 seconds", 12_000),
        ("Please retry your request after 2 minutes", 120_000),
        ("Please try your request again in 1h2m", 3_720_000),
        ("Please wait for 1 minute and 30 seconds", 90_000),
        ("You can retry in about 3 hours", 10_800_000),
        ("Please try again at 2027-01-15T08:00:30Z", 30_000),
        ("The limit resets at 2027-01-15 08:00:30 UTC", 30_000),
        ('vertex said: {"retryDelay": "17s"', 17_000),
        ("The limit resets at: 2027-01-15 08:00:30 UTC", 30_000),
        ("Please try again later in 5s", 5_000),
        ("You can retry in ~20s", 20_000),
        ("try again in `20s`", 20_000),
        ({"retry_after": 1_800_000_009}, 9_000),
        ({"retry_after": "2027-01-15T08:00:30Z"}, 30_000),
        ({"error": {"reset_at": "2027-01-15T08:00:30Z"}}, 30_000),
        ({"error": {"resets_at": 1_800_000_009}}, 9_000),
        ({"retry_after": 12}, 12_000),
        ({"retry_after": "12"}, 12_000),
        ({"retryAfter": "1m2s"}, 62_000),
        ({"retry_after_ms": 250}, 250),
        ({"retryAfterMs": 250.9}, 250),
        ({"error": {"details": [{"retryDelay": "17s"}]}}, 17_000),
        ({"error": {"details": [{"retryDelay": "0.5s"}]}}, 500),
        ({"error": {"details": [{"retryDelay": {"seconds": "17", "nanos": 500_000_000}}]}}, 17_500),
        ({"error": {"metadata": {"headers": {"X-RateLimit-Reset": "1800000009000"}}}}, 9_000),
        ({"error": {"metadata": {"headers": {"Retry-After": 9}}}}, 9_000),
    ],
)
def test_a_time_in_the_body_is_read(error: object, wait_ms: int) -> None:
    assert retry_at({}, NOW, gather(error)) == NOW + wait_ms


@pytest.mark.parametrize(
    "error",
    [
        "Please try again later.",
        "try again in a moment",
        "Limit: 3 / min",
        "I waited 5 minutes",
        "try again in 99999999999999999999 seconds",
        {"retry_after": -1},
        {"retry_after": True},
        {"retry_after": "soon"},
        {"retry_after": None},
        {"retry_after": 1e300},
        {"retryDelay": {"seconds": "x"}},
        {"error": {"metadata": {"headers": "none"}}},
    ],
)
def test_a_body_without_a_time_is_no_answer(error: object) -> None:
    assert retry_at({}, NOW, gather(error)) is None


def test_a_header_goes_before_the_body_and_the_body_before_resets() -> None:
    headers = CIMultiDict({"x-ratelimit-reset-requests": "1h", "retry-after": "9"})
    assert retry_at(headers, NOW, gather("try again in 20s")) == NOW + 9_000
    del headers["retry-after"]
    assert retry_at(headers, NOW, gather("try again in 20s")) == NOW + 20_000
    assert retry_at(headers, NOW, gather("later")) == NOW + 3_600_000


@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "error",
                        "message",
                        "code",
                        "retry_after",
                        "retryDelay",
                        "headers",
                        "details",
                        "metadata",
                        "raw",
                        "loc",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_no_body_makes_it_raise(error: object) -> None:
    at = retry_at({}, NOW, gather(error))
    assert at is None or 0 <= at <= NOW + FURTHEST_MS
