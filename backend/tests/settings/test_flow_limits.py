"""flows.toml: limits of keys, and those that flows share."""

from pathlib import Path

import pytest

from job_processor import settings
from job_processor.configured import load_flows
from job_processor.core.errors import SettingsInvalid
from job_processor.core.flow import SharedLimit
from job_processor.flows import parse
from job_processor.registry import ProcessorKinds
from tests.settings.flow_faults import faults


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("concurrency_per_key = 0", "flows.toml:3: flows.a.concurrency_per_key must be"),
        ("concurrency_per_key = true", "flows.toml:3: flows.a.concurrency_per_key must be int"),
        ('rate_per_key = "6"', "flows.toml:3: flows.a.rate_per_key must be float"),
        ("rate_per_key = 0", "flows.toml:3: flows.a.rate_per_key must be"),
    ],
)
def test_a_wrong_limit_of_keys_is_named(line: str, words: str) -> None:
    [fault] = faults(f'[flows.a]\nprocessor = "mock"\n{line}\n')
    assert fault.startswith(words)


def test_with_mongodb_a_limit_of_keys_needs_one_of_the_flow(tmp_path: Path) -> None:
    file = tmp_path / "flows.toml"
    file.write_text('[flows.wide]\nprocessor = "mock"\nconcurrency_per_key = 2\n')
    here = {"DATA_DIR": str(tmp_path), "FLOWS_FILE": str(file)}
    assert load_flows(settings.load(here)).by_name["wide"].rules.concurrency_per_key == 2
    there = settings.load(here | {"MONGODB_URI": "mongodb://127.0.0.1:1/x"})
    with pytest.raises(SettingsInvalid, match=r"flow wide: .*concurrency_per_key needs a concurrency"):
        load_flows(there)
    file.write_text('[flows.wide]\nprocessor = "mock"\nconcurrency = 10\nconcurrency_per_key = 2\n')
    assert load_flows(there).by_name["wide"].rules.concurrency_per_key == 2


SHARED = """
[flows.a]
processor = "mock"
limit = "openai"

[flows.b]
processor = "mock"
limit = "openai"

[flows.c]
processor = "mock"

[limits.openai]
concurrency = 20
requests_per_minute = 600
tokens_per_minute = 90_000
"""


def test_flows_share_a_limit() -> None:
    flows = parse(SHARED, ProcessorKinds()).by_name
    limit = SharedLimit("openai", ("a", "b"), 20, 600, 90_000)
    assert [flows[name].rules.limit for name in "abc"] == [limit, limit, None]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("concurrency = 20", "concurrency = 0", "flows.toml:14: limits.openai.concurrency must be"),
        ("requests_per_minute = 600", 'requests_per_minute = "x"', "flows.toml:15: limits.openai.requests_per_minute"),
        ("tokens_per_minute = 90_000", "tokens_per_minute = 0", "flows.toml:16: limits.openai.tokens_per_minute must"),
        (
            "concurrency = 20",
            "concurency = 20",
            "flows.toml:14: limits.openai.concurency is not a known key of a limit",
        ),
        ("[limits.openai]", "[limits.azure]", "flows.toml:4: flows.a.limit must be one of: azure ([limits.NAME])"),
        ('limit = "openai"', "limit = 7", "flows.toml:4: flows.a.limit must be str"),
        ("[limits.openai]", '[limits."a b"]', "flows.toml:13: limits.a b must have a name"),
        (
            "[limits.openai]\nconcurrency = 20\nrequests_per_minute = 600\ntokens_per_minute = 90_000",
            "",
            "flows.toml:4: flows.a.limit needs a table",
        ),
        (
            "concurrency = 20\nrequests_per_minute = 600\ntokens_per_minute = 90_000",
            "",
            "flows.toml:13: limits.openai must have at least one of: concurrency, requests_per_minute, "
            "tokens_per_minute",
        ),
        ("[flows.a]", "limits = 1\n[flows.a]", "flows.toml:2: limits must be tables"),
    ],
)
def test_a_wrong_shared_limit_is_named(before: str, after: str, words: str) -> None:
    text = SHARED.replace(before, after, 1)
    if after.startswith("limits = 1"):
        text = text.partition("[limits.openai]")[0]
    assert any(fault.startswith(words) for fault in faults(text)), faults(text)


def test_with_mongodb_a_shared_concurrency_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "flows.toml"
    file.write_text(SHARED.replace("concurrency = 20", "concurrency = 5001"))
    here = {"DATA_DIR": str(tmp_path), "FLOWS_FILE": str(file)}
    assert load_flows(settings.load(here)).by_name["a"].rules.limit is not None
    with pytest.raises(SettingsInvalid, match=r"limit openai: .*5,000"):
        load_flows(settings.load(here | {"MONGODB_URI": "mongodb://127.0.0.1:1/x"}))
