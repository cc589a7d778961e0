"""The commands in docs/deploy.md and docs/operations.md name services, paths and fields that there are."""

import re

import pytest

from job_processor.http.routes import OPERATIONS
from job_processor.store.fields import COLUMNS
from job_processor.store.mongo.documents import named
from tests.infra.compose_files import MAIN, REPOSITORY, configured, needs_compose

PAGES = {name: (REPOSITORY / "docs" / name).read_text(encoding="utf-8") for name in ("deploy.md", "operations.md")}
_COMMAND = re.compile(r"docker compose((?: -f \S+| --\S+ \S+)*) (exec|restart|logs)((?: -\S+(?: \d+m)?)*) (\w[\w-]*)")
_CURL = re.compile(r"curl [^`\n]*?localhost:3000(/[\w/]+)")


@needs_compose
@pytest.mark.parametrize("page", PAGES)
def test_the_services_of_commands_are_there(page: str) -> None:
    found = _COMMAND.findall(PAGES[page])
    assert len(found) >= 4
    for options, _, _, service in found:
        file = re.findall(r"-f (\S+)", options)
        assert service in configured(file[0] if file else MAIN), service


@pytest.mark.parametrize("page", PAGES)
def test_the_paths_of_requests_are_routes(page: str) -> None:
    routes = [re.compile(re.sub(r"{\w+}", "[^/]+", operation.path)) for operation in OPERATIONS]
    found = _CURL.findall(PAGES[page])
    assert len(found) >= 3
    assert [path for path in found if not any(route.fullmatch(path) for route in routes)] == []


def test_the_queries_ask_for_fields_of_documents() -> None:
    queries = re.findall(r"db\.jobs\.\w+\(\{(\w+):", PAGES["deploy.md"].partition("| in the first description")[2])
    here = [query for query in queries if query not in ("status",)]
    assert len(here) >= 4
    assert set(here) <= {named(column) for column in COLUMNS}


# What a user reads or copies beside the pages: the files of flows say how their changes arrive.
READ = [
    *(REPOSITORY / "docs").rglob("*.md"),
    REPOSITORY / "README.md",
    *(file for file in (REPOSITORY / "infrastructure").rglob("*") if file.suffix in (".toml", ".tftpl", ".md", ".yml")),
]


def test_changed_secrets_of_flows_arrive() -> None:
    """`env_file` is read when a container is created; a restart keeps the old environment."""
    told = {file.name for file in READ if "up --detach --force-recreate backend worker" in file.read_text()}
    assert told >= {"deploy.md", "cloud.md", "flows.toml", "flows.toml.tftpl"}
    assert [file.name for file in READ if re.search(r"restart (--\S+ )*(backend|worker)", file.read_text())] == []


@pytest.mark.parametrize("page", sorted(file.name for file in (REPOSITORY / "docs").glob("*.md")))
def test_no_command_is_a_variable_of_several_words(page: str) -> None:
    """zsh, the shell of macOS, takes `$ssh` for one word; a function or `$(…)` works in every shell."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (REPOSITORY / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert [line for line in lines if re.match(r"\s*\$\{?\w", line)] == []
