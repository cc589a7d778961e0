"""What a person could ask for by name is in the documents: settings, states, routes, codes, faults, commands."""

import argparse
import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

import job_processor
from job_processor import cli, failpoints, flows, registry, settings
from job_processor.core.events import EventKind
from job_processor.core.job import AttemptEnd, State
from job_processor.core.search_terms import METADATA, TERMS
from job_processor.core.verdict import ResultKind
from job_processor.http.openapi import document
from job_processor.http.routes import OPERATIONS
from job_processor.processors.http.processor import EndpointOptions
from job_processor.processors.mock import Fault
from job_processor.store.base import Counts
from job_processor.telemetry import GaugeValues, Telemetry
from tests.docs.pages import text

SOURCE = Path(job_processor.__file__).parent


def _missing(names: Iterable[str], said: str) -> list[str]:
    """Names that do not stand in the text as code."""
    return sorted(name for name in names if f"`{name}`" not in said)


def _first_strings(call: str, argument: int) -> set[str]:
    """Every constant string that stands at this place in a call of this name, anywhere in the package."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != call:
                continue
            if len(node.args) > argument and isinstance(node.args[argument], ast.Constant):
                value = node.args[argument].value  # type: ignore[attr-defined]  # an isinstance on an index
                if isinstance(value, str):
                    found.add(value)
    return found


def test_settings() -> None:
    said = text("docs/settings.md")
    assert _missing((s.name for s in settings.TABLE), said) == []
    assert _missing(["FAILPOINTS", *(f"{s.name}_FILE" for s in settings.TABLE if s.secret)], said) == []
    for setting in settings.TABLE:
        [row] = re.findall(rf"^\| `{setting.name}` \| (.*?) \|", said, re.MULTILINE)
        assert row == (f"`{setting.default}`" if setting.default else ""), f"{setting.name}: another default"


def test_keys_of_flows() -> None:
    assert _missing(flows.Limits.__struct_fields__, text("docs/flows-and-processors.md")) == []


def test_kinds_of_processors() -> None:
    """Each has a section of its own, and words on the page."""
    said = text("docs/flows-and-processors.md")
    kinds = registry.ProcessorKinds()
    assert [kind for kind in kinds if f"\n### `{kind}`" not in said] == []
    page = text("frontend/src/features/flows/processor-words.ts")
    assert [kind for kind in kinds if not re.search(rf'^  "?{kind}"?: "', page, re.MULTILINE)] == []


def test_keys_of_http_flows() -> None:
    options = (field.encode_name for field in msgspec.structs.fields(EndpointOptions))
    assert _missing(options, text("docs/flows-and-processors.md")) == []


def test_states_and_what_happens_to_a_job() -> None:
    said = text("docs/job-lifecycle.md")
    assert _missing((s.value for s in State), said) == []
    assert _missing((h.value for h in EventKind), said) == []
    assert _missing((e.value for e in AttemptEnd), said) == []
    assert _missing((k.value for k in ResultKind), said) == []


def test_failpoints() -> None:
    assert _missing(failpoints.NAMES, text("docs/reliability.md")) == []


def test_faults_of_the_mock() -> None:
    said = text("README.md")
    assert [f.value for f in Fault if f"fault:{f.value}" not in said] == []


def test_codes_of_problems() -> None:
    codes = _first_strings("RequestRefused", 1)
    assert {"storage_full", "unauthorized", "duplicate_key"} <= codes
    assert _missing(codes, text("docs/http-api.md")) == []


def test_codes_of_jobs_errors() -> None:
    codes = _first_strings("JobError", 0) | _first_strings("server_fault", 0) | _first_strings("_refused", 0)
    assert {"lease_lost", "callback_overdue", "answer_broken"} <= codes
    assert _missing(codes, text("docs/job-lifecycle.md")) == []


def _operations() -> list[tuple[str, str]]:
    paths = document(OPERATIONS)["paths"]
    assert isinstance(paths, dict)
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize(("method", "path"), _operations())
def test_routes(method: str, path: str) -> None:
    assert f"`{method} {path}`" in text("docs/http-api.md")
    # And the README shows it in use.
    pattern = re.sub(r"\\\{\w+\\\}", r"[^/\\s]+", re.escape(path))
    used = re.findall(rf"^.*localhost:3000{pattern}[\s'\"?].*$", text("README.md") + "\n", re.MULTILINE)
    assert used, f"{method} {path} has no example in README.md"


def test_parameters_of_the_list() -> None:
    paths = document(OPERATIONS)["paths"]
    assert isinstance(paths, dict)
    names = [p["name"] for p in paths["/jobs"]["get"]["parameters"]]
    assert _missing(names, text("docs/http-api.md")) == []


def test_terms_of_a_search() -> None:
    """The table is that of the code, and the page offers the same."""
    said = text("docs/http-api.md")
    for term in TERMS.values():
        name = f"{term.name}FIELD" if term.name == METADATA else term.name
        assert f"| `{name}` | `{term.example}` | {term.meaning} |\n" in said
    page = text("frontend/src/lib/search-terms.ts")
    assert re.findall(r'example: "([^"]*)"', page) == [term.example for term in TERMS.values()]


def test_fields_of_a_submission() -> None:
    components = document(OPERATIONS)["components"]
    assert isinstance(components, dict)
    said = text("docs/http-api.md")
    assert _missing(components["schemas"]["Submission"]["properties"], said) == []


def _commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every command without commands of its own, as one types it."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield parser.prog
    for action in below:
        for one in action.choices.values():
            yield from _commands(one)


def test_commands() -> None:
    found = list(_commands(cli.parser()))
    assert {"job-processor serve", "job-processor keys rotate", "job-processor sessions end"} <= set(found)
    assert _missing(found, text("docs/settings.md")) == []


def test_metrics() -> None:
    telemetry = Telemetry()
    telemetry.watch_store(lambda: True, lambda: 0.0)
    text_form = telemetry.render(GaugeValues(True, (), 0, Counts({}, {}))).decode()
    families = set(re.findall(r"^# TYPE (\S+) ", text_form, re.MULTILINE))
    made = {name for name in families if not name.endswith("_created")}
    assert len(made) > 10
    assert _missing(made, text("docs/operations.md")) == []
