"""Row J8: whatever a client sends, a line of the log is one line, and speaks to no terminal."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from job_processor.logs import configure_logging


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    ours = logging.getLogger("job_processor").level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("job_processor").setLevel(ours)


@pytest.mark.parametrize("form", ["json", "text"])
def test_j8_control_characters_of_a_value_are_escaped(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", form)

    structlog.get_logger().info("refused", path="/x\x1b[2J\nforged \x07", count=1)

    line = capsys.readouterr().err
    assert line.endswith("\n")
    assert line.rstrip("\n").isprintable()
    assert "forged" in line


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("name", ["uvicorn.error", "asyncio", "pymongo", "job_processor.store"])
def test_what_libraries_log_has_the_same_form(name: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", form)

    logging.getLogger(name).warning("%s is\x1b[2J\nforged", "this")
    logging.getLogger("uvicorn.error").info("not of interest")

    [line] = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert name in line
    if form == "json":
        said = json.loads(line)
        assert (said["event"], said["level"], said["logger"]) == ("this is\x1b[2J\nforged", "warning", name)


def test_an_exception_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("it broke")

    [line] = capsys.readouterr().err.splitlines()
    assert "ValueError: broken" in json.loads(line)["exception"]
