"""Detects weak secrets: too short, too few different characters, repetitions, known examples, plain words.

The purpose is to keep example secrets out of production, not to measure entropy. `openssl rand -hex 32` makes a strong
secret.
"""

import re
from itertools import pairwise

EXAMPLES = frozenset(
    {"dev-secret-key", "dev-n8n-token", "changethis", "changeme", "change-me", "secret", "password"}
    | {"your-secret-here", "example", "your-webhook-secret", "replace-me", "a-long-random-string"}
)
"""Placeholders in documentation and templates, and this project's own development secrets."""
MIN_CHARACTERS = 32
MIN_DIFFERENT = 8
"""Minimum number of different characters; 32 random hex digits have fewer with a probability of 1 in 10^9."""
_LONGEST_UNIT = 15
"""A repeated unit of up to this length is weak; a longer unit is weak if it occurs at least three times."""
_FEW_RUNS = 3
"""A secret with at most this many ascending or descending runs is weak."""
_MIN_LEFT = 16
"""Minimum number of characters that must remain after known words are removed."""
_WORDS = re.compile(
    "change|secret|password|passwort|passwd|example|sample|default|webhook|callback|processor|production|development"
    "|test|admin|token|random|string|replace|insert|please|characters|letmein|welcome|qwertyuiop|asdfghjkl|zxcvbnm"
    "|qwertz|qwerty|your|this|that|here|with|dev|key|job|n8n|not|the|my|me|is|at|least|long|very|super"
)


def is_weak(secret: str) -> bool:
    """True for a secret that is easy to guess, or empty."""
    plain = secret.strip().lower()
    if len(secret) < MIN_CHARACTERS or len(set(plain)) < MIN_DIFFERENT or plain in EXAMPLES:
        return True
    letters = re.sub(r"[^a-z0-9]", "", plain)
    left = _WORDS.sub("", letters)
    # Characters other than ASCII letters, digits and separators always count as remaining.
    others = len(plain) - len(letters) - len(re.findall(r"[\s_.:;,-]", plain))
    return _is_repeated(plain) or _is_repeated(letters) or _runs(plain) <= _FEW_RUNS or len(left) + others < _MIN_LEFT


def _is_repeated(text: str) -> bool:
    """True if the text is one unit repeated, the last time possibly incomplete."""
    for unit in range(1, len(text) // 2 + 1):
        if text[unit:] == text[:-unit]:
            return unit <= _LONGEST_UNIT or len(text) >= 3 * unit
    return False


def _runs(text: str) -> int:
    """The number of runs in which neighbouring characters differ by at most one code point."""
    steps = [ord(b) - ord(a) for a, b in pairwise(text)]
    return 1 + sum(abs(step) > 1 for step in steps)
