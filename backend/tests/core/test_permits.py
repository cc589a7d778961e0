"""The window of permits: whatever is asked at whatever times, no minute has more uses than the limit."""

from hypothesis import given, settings
from hypothesis import strategies as st

from job_processor.core.permits import USE_MS, WINDOW_MS, Window, take

START = 1_750_000_000_123
STEPS = st.lists(
    st.tuples(st.sampled_from([0, 1, 400, 999, 1_000, 5_000, 30_000, 59_000, 61_999, 62_000]), st.integers(0, 20)),
    max_size=60,
)


@given(STEPS, st.integers(1, 30))
@settings(max_examples=300, deadline=None)
def test_no_minute_has_more_than_the_limit(steps: list[tuple[int, int]], limit: int) -> None:
    window, now = Window(), START
    granted: list[tuple[int, int]] = []
    for passed, wanted in steps:
        now += passed
        before = window
        window, grant = take(window, now, limit, wanted)
        assert 0 <= grant.permits <= wanted
        # All that there is, is granted: fewer only where nothing is left.
        assert grant.permits == wanted or grant.left == 0
        assert grant.until == now + USE_MS
        granted.append((now, grant.permits))
        # Each may be used until then: uses of any minute were granted within a minute and that time.
        recent = sum(permits for at, permits in granted if at > now - WINDOW_MS - USE_MS)
        assert recent <= limit
        assert window.total + grant.left == limit
        if not grant.permits and wanted:
            # As announced: later there is one.
            assert now < grant.more_at <= now + WINDOW_MS + USE_MS + 1_000
            assert take(before, grant.more_at, limit, wanted)[1].permits > 0


def test_a_clock_that_was_set_back_gives_no_second_window() -> None:
    window, _ = take(Window(), START, 10, 10)
    back, grant = take(window, START - 3_600_000, 10, 1)
    assert grant.permits == 0
    assert take(back, START - 3_600_000 + 62_000, 10, 10)[1].permits == 10


def test_a_window_stays_small() -> None:
    window = Window()
    for second in range(1_000):
        window, _ = take(window, START + second * 1_000, 10_000, 1)
    assert len(window.granted) == 62
