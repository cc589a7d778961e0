"""An environment whose values may be in files."""

from collections.abc import Iterator, Mapping
from pathlib import Path


class WithFiles(Mapping[str, str]):
    """An environment in which NAME_FILE may be the path of a file with the value of NAME. It is read on each access.

    An empty variable counts as unset, because Compose passes all variables of a compose file, set or not.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        path = self._environment.get(f"{name}_FILE")
        if self._environment.get(name) or not path:
            return self._environment[name]
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)
