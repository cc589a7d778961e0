"""What happened over time."""

from job_processor.http.models.types import Time, WireOut


class PercentilesOut(WireOut):
    """Milliseconds, at most 5 % off; ``jobs``: of how many jobs."""

    p50: int
    p95: int
    p99: int
    jobs: int


class DurationsOut(WireOut):
    """How long the jobs that ended had been in each stage; null: none of them was in it. ``scheduled``: until the start
    that was asked for. ``queued``: PENDING. ``handingOver``: RUNNING. ``processing``: WAITING for the callback.
    ``total``: the last three together, which is the duration of a job."""

    scheduled: PercentilesOut | None
    queued: PercentilesOut | None
    handing_over: PercentilesOut | None
    processing: PercentilesOut | None
    total: PercentilesOut | None


class TokensOut(WireOut):
    prompt: int
    completion: int


class SeriesCounts(WireOut):
    """What happened to jobs. A job that was retried ends again, and counts again. ``failedByCode``: the failed ones by
    error code. ``expired``: the failed ones whose deadline had passed. ``retried``: jobs that a person put back.
    ``attemptsRetried``: attempts that failed and were followed by another. ``waitingAgeMs``: for how long the oldest
    due job had waited, at most; null: no job was waiting when it was looked at, four times a minute. ``costMicros``: of
    the attempts whose tokens became known, in millionths of the currency. ``verdicts``: jobs that ended with a result,
    by the kind of its verdict."""

    completed: int
    failed: int
    failed_by_code: dict[str, int]
    cancelled: int
    expired: int
    retried: int
    attempts_retried: int
    waiting_age_ms: int | None
    durations: DurationsOut
    tokens: TokensOut
    cost_micros: int
    verdicts: dict[str, int]


class SeriesBucket(SeriesCounts):
    """``partial``: not all of this time was counted: it is not over, or began before counting did, or its beginning is
    older than is kept."""

    at: Time
    partial: bool


class SeriesFlow(SeriesCounts):
    flow: str


class SeriesOut(WireOut):
    """``since``, ``until``: the range in whole buckets. ``countedSince``: nothing was counted before. ``total``: of the
    whole range. ``flows``: the same for each flow to which something happened, by name. ``buckets``: one for each step
    of the range, oldest first."""

    since: Time
    until: Time
    step: str
    counted_since: Time
    currency: str
    total: SeriesCounts
    flows: list[SeriesFlow]
    buckets: list[SeriesBucket]


class KeyUseOut(WireOut):
    """What the jobs of a key used. ``costMicros``: in millionths of the currency."""

    key: str
    tokens: TokensOut
    cost_micros: int


class KeyUsesOut(WireOut):
    """The keys with the highest cost first, then those with the most tokens. ``since``, ``until``: whole days, UTC.
    ``more``: there are more keys than were asked for."""

    since: Time
    until: Time
    currency: str
    keys: list[KeyUseOut]
    more: bool
