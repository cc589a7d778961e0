"""Records every command that a store sends to one database, as PyMongo reports it."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo import monitoring

_NOT_OURS = frozenset({"hello", "ismaster", "ping", "buildInfo", "endSessions", "killCursors"})


@dataclass
class Recording:
    """The commands of one database, in the order in which they were sent."""

    database: str
    sent: list[dict[str, Any]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [next(iter(one)) for one in self.sent]

    def of(self, name: str, collection: str | None = None) -> list[dict[str, Any]]:
        """The commands of this name, of one collection if it is given."""
        found = [one for one in self.sent if next(iter(one)) == name]
        return [one for one in found if collection in (None, one[name])]

    def clear(self) -> None:
        self.sent.clear()


class _Listener(monitoring.CommandListener):
    def __init__(self) -> None:
        self.recordings: list[Recording] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in _NOT_OURS:
            return
        for recording in self.recordings:
            if recording.database == event.database_name:
                recording.sent.append(_plain(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def _plain(command: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in command.items() if name not in ("$db", "lsid", "$clusterTime")}


# For the whole process: a client takes the listeners that are registered when it is made. Without a recording it
# does nothing.
_LISTENER = _Listener()
monitoring.register(_LISTENER)


@contextlib.contextmanager
def recorded(database: str) -> Iterator[Recording]:
    """Everything that clients made after the import of this module send to that database."""
    recording = Recording(database)
    _LISTENER.recordings.append(recording)
    try:
        yield recording
    finally:
        _LISTENER.recordings.remove(recording)
