"""Row J8: whatever a client sends, a line of the log is one line, and speaks to no terminal."""

from collections.abc import Iterator

import pytest
import structlog

from job_processor.telemetry import configure_logging


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("form", ["json", "text"])
def test_j8_control_characters_of_a_value_are_escaped(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", form)

    structlog.get_logger().info("refused", path="/x\x1b[2J\nforged \x07", count=1)

    line = capsys.readouterr().err
    assert line.endswith("\n")
    assert line.rstrip("\n").isprintable()
    assert "forged" in line
