"""Secrets made at random, and the environment that has them."""

import base64
import random
import string

from job_processor.signing import CallbackSigner
from tests.processors.given import JOB_ID, NOW

PLACES = ("HOOK_AUTH", "ENDPOINT_LOGIN", "N8N_HANDSHAKE", "N8N_API", "MODEL_KEY", "AZURE_KEY")
SEES = 8
"""Characters in a row of a secret that must not be seen."""


class Canaries:
    """The secrets of one process."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)

        def word(length: int, more: str = "") -> str:
            return "".join(chance.choices(string.ascii_letters + string.digits + more, k=length))

        self.login = f"{word(8)}:{word(16, ':')}"
        self.environment = {
            "HOOK_AUTH": f"Bearer {word(24)}",
            "ENDPOINT_LOGIN": "Basic " + base64.b64encode(self.login.encode()).decode(),
            "N8N_HANDSHAKE": word(16, "\"\\/+=&<>'%#?"),
            "N8N_API": word(40, "._-"),
            "MODEL_KEY": f"sk-proj-{word(48, '_-')}",
            "AZURE_KEY": word(32),
            "OTHER_PASSWORD": word(12),
            "DATABASE_URL": f"postgres://user:{word(20)}@db/x",
        }
        self.webhook_secret = word(32)
        self.token = CallbackSigner((self.webhook_secret,)).token(JOB_ID, 2, NOW // 1000 + 600)

    @property
    def secrets(self) -> list[str]:
        """What must not be seen, each without its scheme."""
        return [
            *(self.environment[name].rpartition(" ")[2] for name in (*PLACES, "OTHER_PASSWORD")),
            self.environment["DATABASE_URL"].split(":")[2].partition("@")[0],
            self.login.partition(":")[2],
            self.webhook_secret,
            self.token.rpartition(".")[2],
        ]

    @property
    def dump(self) -> dict[str, object]:
        """What a debug page shows of a request."""
        headers = {name.lower(): self.environment[name] for name in (*PLACES, "OTHER_PASSWORD", "DATABASE_URL")}
        return {"callbackToken": self.token, "x-webhook-secret": self.webhook_secret, "login": self.login, **headers}

    def seen_in(self, words: str) -> list[str]:
        return [s for s in self.secrets if any(s[i : i + SEES] in words for i in range(len(s) - SEES + 1))]
