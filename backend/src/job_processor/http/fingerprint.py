"""The fingerprint of a submission: by it a retry under the same Idempotency-Key is told from another request.

Of what the client asked for and nothing else: a field that it left out, or gave its default, has no part in it, so that
a release that adds a field knows the requests of the one before.
"""

import hashlib

import msgspec

from job_processor.http.models import Submission
from job_processor.store.base import IdempotencyKey

_encode = msgspec.json.Encoder(order="sorted").encode
_encode_before = msgspec.json.Encoder(order="deterministic").encode
_MARK = "2:"
"""Before a fingerprint of this form; those of release 0.1 have none."""
# In that order release 0.1 encoded every field, given or not.
_FIELDS_BEFORE = (
    *("prompt", "flow", "runAt", "delaySeconds", "priority"),
    *("maxAttempts", "deadline", "tags", "metadata", "resultSchema"),
)


def idempotency_key(key: str, wanted: Submission) -> IdempotencyKey:
    """The key with the fingerprint of this request, and with the one that release 0.1 would have stored for it."""
    given: dict[str, object] = {}
    fields: dict[str, object] = {}
    for field in msgspec.structs.fields(wanted):
        value = getattr(wanted, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        fields[field.encode_name] = value
        if value != default:
            given[field.encode_name] = value
    # A field that release 0.1 did not know cannot have been in a request that it took.
    before = _before(fields) if given.keys() <= set(_FIELDS_BEFORE) else None
    return IdempotencyKey(key, _MARK + hashlib.sha256(_encode(given)).hexdigest(), before)


def _before(fields: dict[str, object]) -> str:
    parts = (_encode(name) + b":" + _encode_before(fields[name]) for name in _FIELDS_BEFORE)
    return hashlib.sha256(b"{" + b",".join(parts) + b"}").hexdigest()
