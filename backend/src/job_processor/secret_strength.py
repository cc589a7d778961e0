"""Whether a secret is one, judged as a person would who sees it: length, variety, repetition, known examples. Pure.

It keeps examples and jokes out of production. It measures no entropy: `openssl rand -hex 32` makes a good one.
"""

import re
from itertools import pairwise

EXAMPLES = frozenset(
    {"dev-secret-key", "dev-n8n-token", "changethis", "changeme", "change-me", "secret", "password"}
    | {"your-secret-here", "example", "your-webhook-secret", "replace-me", "a-long-random-string"}
)
"""What documents, templates and this project itself write where a secret belongs."""
MIN_CHARACTERS = 32
MIN_DIFFERENT = 8
"""Characters that differ. 32 random hex digits have fewer once in a thousand million."""
_LONGEST_UNIT = 15
"""Of what is only said again and again; a longer one must be said three times to be no secret."""
_FEW_RUNS = 3
_MIN_LEFT = 16
"""Characters that must be left when words have been taken out."""
_WORDS = re.compile(
    "change|secret|password|passwort|passwd|example|sample|default|webhook|callback|processor|production|development"
    "|test|admin|token|random|string|replace|insert|please|characters|letmein|welcome|qwertyuiop|asdfghjkl|zxcvbnm"
    "|qwertz|qwerty|your|this|that|here|with|dev|key|job|n8n|not|the|my|me|is|at|least|long|very|super"
)


def is_weak(secret: str) -> bool:
    """True for what everybody could guess. An empty secret is weak too."""
    plain = secret.strip().lower()
    if len(secret) < MIN_CHARACTERS or len(set(plain)) < MIN_DIFFERENT or plain in EXAMPLES:
        return True
    letters = re.sub(r"[^a-z0-9]", "", plain)
    left = _WORDS.sub("", letters)
    # Other scripts and signs count as they are; of a text in words little is left.
    others = len(plain) - len(letters) - len(re.findall(r"[\s_.:;,-]", plain))
    return _is_repeated(plain) or _is_repeated(letters) or _runs(plain) <= _FEW_RUNS or len(left) + others < _MIN_LEFT


def _is_repeated(text: str) -> bool:
    """Is it one unit said again and again, the last time perhaps not to its end?"""
    for unit in range(1, len(text) // 2 + 1):
        if text[unit:] == text[:-unit]:
            return unit <= _LONGEST_UNIT or len(text) >= 3 * unit
    return False


def _runs(text: str) -> int:
    """How many pieces there are within which each character follows the one before, upwards or downwards."""
    steps = [ord(b) - ord(a) for a, b in pairwise(text)]
    return 1 + sum(abs(step) > 1 for step in steps)
