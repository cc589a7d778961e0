"""The text of an API key: ``jp_<id>_<secret><checksum>``.

The checksum (CRC-32) has no cryptographic purpose. It detects a mistyped or truncated key without a look-up, and lets
secret scanners recognise keys with few false positives.
"""

import hashlib
import re
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 10
ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 32
"""Length of the secret in characters: 190 bits of entropy, 5.95 per character."""
CHECKSUM_LENGTH = 6
PATTERN = f"jp_[0-9a-z]{{{ID_LENGTH}}}_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}"
"""A regular expression for whole keys, for secret scanners."""
_KEY = re.compile(PATTERN)


def key_text(key_id: str, secret: str) -> str:
    """The text of the key with this id and secret."""
    body = f"jp_{key_id}_{secret}"
    return body + _checksum(body)


def id_of(text: str) -> str | None:
    """The id in the text of a key; ``None`` if the format or the checksum is wrong."""
    if _KEY.fullmatch(text) is None or _checksum(text[:-CHECKSUM_LENGTH]) != text[-CHECKSUM_LENGTH:]:
        return None
    return text[3 : 3 + ID_LENGTH]


def digest_of(text: bytes) -> str:
    """The digest that is stored instead of the key. An unsalted hash suffices for 190 random bits."""
    return hashlib.sha256(text).hexdigest()


def _checksum(body: str) -> str:
    left = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        left, digit = divmod(left, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
