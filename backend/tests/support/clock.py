"""A clock that a test sets and moves, in milliseconds since 1970."""

START = 1_790_000_000_000


class Clock:
    def __init__(self, at: int = START) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def forward(self, ms: int) -> int:
        self.at += ms
        return self.at
