"""Keys, sessions and entries of the audit, as tests need them."""

from job_processor.core.access import ApiKey, Right, Session
from job_processor.core.audit import AuditAct, AuditEntry, AuditOutcome
from job_processor.store.base import Store


def key(key_id: str) -> ApiKey:
    """A key with every field filled in."""
    return ApiKey(
        key_id,
        "näme",
        "0" * 64,
        (Right.READ, Right.OPERATE),
        1,
        "maker",
        "owner",
        ("f", "g"),
        expires_at=2**40,
        revoked_at=None,
        rate_per_minute=3,
        last_used_at=4,
    )


def session(session_id: str, seen_at: int = 2, whose: str = "k", created_at: int = 1) -> Session:
    return Session(session_id, created_at, seen_at, 2**40, whose, "", "name", (Right.READ,), ("f",), "127.0.0.1")


def entry(store: Store, number: str, **fields: object) -> AuditEntry:
    """An entry of now; ``number``: a digit, by which entries are ordered."""
    now = store.now()
    values: dict[str, object] = {
        "id": f"{now:012x}" + number.rjust(12, "0"),
        "at": now,
        "act": AuditAct.JOB_CANCELLED,
        "outcome": AuditOutcome.DONE,
        "kind": "key",
        "who": "k",
        "address": "::1",
        "request_id": "r",
        "what": "j",
        "detail": "d",
    }
    return AuditEntry(**{**values, **fields})  # type: ignore[arg-type]  # the fields of a test
