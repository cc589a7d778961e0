"""The text of an API key: ``jp_<id>_<secret><checksum>``.

The checksum (CRC-32) is not a proof of anything: it tells a mistyped or cut key from a wrong one without a look-up, and
lets scanners for leaked secrets know a key when they see one.
"""

import hashlib
import re
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 10
ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 32
"""Characters of the secret; each has 5.95 bits, all of them 190."""
CHECKSUM_LENGTH = 6
PATTERN = f"jp_[0-9a-z]{{{ID_LENGTH}}}_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}"
"""What a key looks like, for scanners."""
_KEY = re.compile(PATTERN)


def key_text(key_id: str, secret: str) -> str:
    """The whole key of an id and a secret."""
    body = f"jp_{key_id}_{secret}"
    return body + _checksum(body)


def id_of(text: str) -> str | None:
    """The id in a key; ``None`` if it does not look like one, or was mistyped or cut."""
    if _KEY.fullmatch(text) is None or _checksum(text[:-CHECKSUM_LENGTH]) != text[-CHECKSUM_LENGTH:]:
        return None
    return text[3 : 3 + ID_LENGTH]


def digest_of(text: bytes) -> str:
    """What is stored of a key. A plain hash is enough: nobody can try out 190 random bits."""
    return hashlib.sha256(text).hexdigest()


def _checksum(body: str) -> str:
    left = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        left, digit = divmod(left, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
