"""The fingerprint of a request: it tells a repeated request with the same Idempotency-Key from a different one.

Fields with their default value are left out of it, so that a release that adds a field still recognises requests whose
keys the previous release stored.
"""

import hashlib
from dataclasses import replace

import msgspec
from msgspec import structs

from job_processor.http.models import Submission
from job_processor.store.base import IdempotencyKey

_encode = msgspec.json.Encoder(order="sorted").encode
_encode_before = msgspec.json.Encoder(order="deterministic").encode
_MARK = "2:"
"""Prefix of this version of the fingerprint; those of release 0.1 have no prefix."""
# Release 0.1 encoded all fields in this order, sent or not.
_FIELDS_BEFORE = (
    *("prompt", "flow", "runAt", "delaySeconds", "priority"),
    *("maxAttempts", "deadline", "tags", "metadata", "resultSchema"),
)


def idempotency_key(key: str, wanted: Submission, owner: str = "") -> IdempotencyKey:
    """The key with the fingerprint of this request, and with the one that release 0.1 would have stored for it.

    Each owner has a namespace of keys. Without login there is no owner; a client's key cannot contain a space, so keys
    of an owner and keys without one never collide.
    """
    made = key_of_body(key, wanted, owner)
    fields = {field.encode_name: (getattr(wanted, field.name), _default(field)) for field in structs.fields(wanted)}
    given = {name for name, (value, default) in fields.items() if value != default}
    # Release 0.1 refused fields that it did not know, so it cannot have stored a key for such a request.
    if given <= set(_FIELDS_BEFORE):
        return replace(made, before=_before({name: value for name, (value, _) in fields.items()}))
    return made


def key_of_body(key: str, sent: msgspec.Struct, owner: str = "") -> IdempotencyKey:
    """The key with the fingerprint of what was sent."""
    given = {
        field.encode_name: value
        for field in structs.fields(sent)
        if (value := getattr(sent, field.name)) != _default(field)
    }
    return IdempotencyKey(f"{owner} {key}" if owner else key, _MARK + hashlib.sha256(_encode(given)).hexdigest())


def _default(field: structs.FieldInfo) -> object:
    made: object = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return made


def _before(fields: dict[str, object]) -> str:
    parts = (_encode(name) + b":" + _encode_before(fields[name]) for name in _FIELDS_BEFORE)
    return hashlib.sha256(b"{" + b",".join(parts) + b"}").hexdigest()
