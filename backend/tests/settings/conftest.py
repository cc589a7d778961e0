"""No flows.toml beside the tests is found."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No flows.toml beside the tests may be found."""
    monkeypatch.chdir(tmp_path)
