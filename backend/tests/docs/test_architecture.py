"""The page on the architecture says what is: its rooms are the package's, in the order of the import contracts."""

import re
import tomllib
from pathlib import Path

import job_processor
from tests.docs.pages import ROOT, text

SOURCE = Path(job_processor.__file__).parent
PAGE = "docs/architecture.md"


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = re.split(r"^#+ ", text(PAGE).partition(f" {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def _named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_rooms_are_the_layers_of_the_import_contract() -> None:
    project = tomllib.loads((ROOT / "backend" / "pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [one["layers"] for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    contract = [[name.strip().removeprefix("job_processor.") for name in layer.split("|")] for layer in layers]
    assert [_named(row[0]) for row in _rows("The rooms")] == contract


def test_every_part_of_the_package_is_a_room() -> None:
    rooms = {name.partition(".")[0] for row in _rows("The rooms") for name in _named(row[0])}
    parts = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert parts - {"__init__", "ui"} == rooms


def test_every_act_is_listed() -> None:
    listed = {name for row in _rows("`acts/`") for name in _named(row[0])}
    assert listed == {path.name for path in (SOURCE / "acts").glob("*.py")} - {"__init__.py"}


def test_every_file_that_is_named_is_there() -> None:
    lines = re.sub(r"```.*?```", "", text(PAGE), flags=re.DOTALL).splitlines()
    named = {
        one for line in lines for one in _named(line) if re.fullmatch(r"[\w./-]+\.(py|md|ts|tsx|toml)|[\w./-]+/", one)
    }
    assert len(named) > 40

    def there(name: str) -> bool:
        return (SOURCE / name).exists() or (ROOT / name).exists() or (SOURCE / "acts" / name).exists()

    assert sorted(name for name in named if not there(name) and name != "flows.toml") == []
