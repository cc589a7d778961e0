"""Entity tags (RFC 9110, section 8.8.3): the tag of a body, and whether it matches If-None-Match."""

import hashlib


def etag_of(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def matches(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header has the ETag (RFC 9110, section 13.1.2): a list of tags, or ``*``.

    Weak comparison: a proxy that compresses turns our strong tag into a weak one.
    """
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in if_none_match.split(","))
