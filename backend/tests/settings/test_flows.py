"""flows.toml: checked whole, every fault with its line and key. Row L9."""

from pathlib import Path

import pytest

from job_processor import settings
from job_processor.configured import load_flows
from job_processor.core.cost import Prices
from job_processor.core.errors import SettingsInvalid
from job_processor.core.flow import OnInvalidResult
from job_processor.flows import BUILT_IN, load, parse
from job_processor.processors.base import ProcessorSetup
from job_processor.registry import ProcessorKinds, make_processors
from tests.settings.flow_faults import faults


def test_the_built_in_flow_is_one_mock() -> None:
    flows = load(None, ProcessorKinds())

    assert (flows.default, list(flows.by_name)) == ("mock", ["mock"])
    assert flows == parse(BUILT_IN, ProcessorKinds())


def test_every_key_arrives() -> None:
    flow = parse(
        """
[flows.a]
processor = "mock"
max_attempts = 7
lease_seconds = 5
dispatch_timeout_seconds = 6
callback_timeout_seconds = 8
backoff_base_seconds = 0
backoff_cap_seconds = 9
concurrency = 4
rate_per_minute = 0.5
concurrency_per_key = 2
rate_per_key = 1.5
fallback = ["b", "c"]
fallback_after_seconds = 0
on_invalid_result = "retry"
faults = { lost = 1 }
[flows.b]
processor = "mock"
[flows.c]
processor = "mock"
""",
        ProcessorKinds(),
    ).by_name["a"]

    rules = flow.rules
    assert (rules.name, rules.max_attempts, rules.lease_seconds, rules.dispatch_timeout_seconds) == ("a", 7, 5, 6)
    assert (rules.callback_timeout_seconds, rules.backoff_base_seconds, rules.backoff_cap_seconds) == (8, 0, 9)
    assert (rules.concurrency, rules.rate_per_minute) == (4, 0.5)
    assert (rules.concurrency_per_key, rules.rate_per_key) == (2, 1.5)
    assert (rules.fallback, rules.fallback_after_seconds) == (("b", "c"), 0)
    assert rules.on_invalid_result is OnInvalidResult.RETRY


def test_prices_arrive_in_whole_micros_and_a_missing_one_is_nothing() -> None:
    flows = parse(
        """
currency = "EUR"

[flows.a]
processor = "mock"
price_input_per_million = 0.15
price_output_per_million = 0.6

[flows.b]
processor = "mock"
price_output_per_million = 2

[flows.c]
processor = "mock"

[flows.d]
processor = "mock"
price_input_per_million = 1
budget_per_day = 12.5
""",
        ProcessorKinds(),
    )
    assert flows.by_name["d"].rules.budget_per_day == 12_500_000
    assert flows.by_name["a"].rules.budget_per_day is None
    prices = {name: flow.rules.prices for name, flow in flows.by_name.items()}
    assert flows.currency == "EUR"
    assert prices == {"a": Prices(150_000, 600_000), "b": Prices(0, 2_000_000), "c": None, "d": Prices(1_000_000)}
    assert parse(BUILT_IN, ProcessorKinds()).currency == "USD"


def test_every_fault_is_found_at_once_with_its_line_and_key() -> None:
    found = faults(
        """default_flow = "none"
surprise = 1

[flows.a]
processor = "mock"
max_attempts = 0
delay_seconds = "five"
colour = "red"

[flows.b]
processor = "teleport"

[flows."c d"]
processor = "mock"
max_attempts = true
on_invalid_result = "shrug"
"""
    )

    assert [fault.split(" ")[0:2] for fault in found] == [
        ["flows.toml:1:", "default_flow"],
        ["flows.toml:2:", "surprise"],
        ["flows.toml:6:", "flows.a.max_attempts"],
        ["flows.toml:7:", "flows.a.delay_seconds"],
        ["flows.toml:8:", "flows.a.colour"],
        ["flows.toml:11:", "flows.b.processor"],
        ["flows.toml:13:", "flows.c"],
        ["flows.toml:15:", "flows.c"],
        ["flows.toml:16:", "flows.c"],
    ]
    assert "delay_seconds" in found[4]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "flows = 1",
        "flows = {}",
        "flows = []",
        "[flows]\na = 1",
        '[flows.a]\nprocessor = ["mock"]',
        "[flows.a]",
        'default_flow = ["a"]\n[flows.a]\nprocessor = "mock"',
        'default_flow = 1\n[flows.a]\nprocessor = "mock"',
        '[flows.a]\nprocessor = "mock"\nlease_seconds = inf',
        '[flows.a]\nprocessor = "mock"\nlease_seconds = nan',
        '[flows.a]\nprocessor = "mock"\nrate_per_minute = 0',
        '[flows.a]\nprocessor = "mock"\nconcurrency = 1.5',
        '[flows.a]\nprocessor = "mock"\nconcurrency_per_key = 0',
        '[flows.a]\nprocessor = "mock"\nrate_per_key = -1',
        '[flows.a]\nprocessor = "mock"\nprice_input_per_million = -1',
        '[flows.a]\nprocessor = "mock"\nprice_output_per_million = "2"',
        '[flows.a]\nprocessor = "mock"\nbudget_per_day = 5',
        '[flows.a]\nprocessor = "mock"\nprice_input_per_million = 1\nbudget_per_day = 0',
        'currency = "dollars"\n[flows.a]\nprocessor = "mock"',
        'currency = 1\n[flows.a]\nprocessor = "mock"',
        '[flows.a]\nprocessor = "mock"\nmax_attempts = "3"',
        '[flows.a]\nprocessor = "mock"\nfaults = { nonsense = 1 }',
        '[flows.a]\nprocessor = "mock"\nfaults = { lost = 2 }',
        '[flows.a]\nprocessor = "mock"\n[flows.a]\nprocessor = "mock"',
        "not toml at all",
        '[flows.a]\nprocessor = "mock"\nmax_attempts = 3\nmax_attempts = 4',
    ],
)
def test_whatever_is_wrong_is_said_with_a_line(text: str) -> None:
    assert all("flows.toml:" in fault for fault in faults(text))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flows.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsInvalid, match=r"flows\.toml"):
        load(tmp_path / "flows.toml", ProcessorKinds())


def test_every_kind_of_processor_can_be_named() -> None:
    kinds = ProcessorKinds()

    assert set(kinds) == {"mock", "webhook", "http", "n8n", "openai", "azure-openai", "python"}
    for name in kinds:
        assert kinds[name].options is not None


def test_every_processor_that_cannot_be_built_is_named() -> None:
    text = """
[flows.a]
processor = "python"
function = "no_such_module:f"
[flows.b]
processor = "python"
function = "os:no_such"
"""
    flows = parse(text, ProcessorKinds())

    def around(flow: object) -> ProcessorSetup:
        return ProcessorSetup(flows.by_name["a"].rules, {}, lambda: 0, "s")

    with pytest.raises(SettingsInvalid) as caught:
        make_processors(flows, around)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["flow a", "flow b"]


@pytest.mark.parametrize(("concurrency", "taken"), [(5_000, True), (5_001, False), (100_000, False)])
def test_with_mongodb_a_concurrency_is_bounded(tmp_path: Path, concurrency: int, taken: bool) -> None:
    file = tmp_path / "flows.toml"
    file.write_text(f'[flows.wide]\nprocessor = "mock"\nconcurrency = {concurrency}\n')
    here = {"DATA_DIR": str(tmp_path), "FLOWS_FILE": str(file)}
    assert load_flows(settings.load(here)).by_name["wide"].rules.concurrency == concurrency
    there = settings.load(here | {"MONGODB_URI": "mongodb://127.0.0.1:1/x"})
    if taken:
        assert load_flows(there).by_name["wide"].rules.concurrency == concurrency
    else:
        with pytest.raises(SettingsInvalid, match=r"flow wide: .*5,000"):
            load_flows(there)


def test_a_flow_knows_how_long_its_answers_may_be() -> None:
    model = '[flows.m]\nprocessor = "openai"\nmodel = "m"\napi_key_env = "NO_KEY"\n'
    for given, longest in [("", None), ("max_tokens = 7", 7), ("max_completion_tokens = 9", 9)]:
        assert parse(model + given, ProcessorKinds()).by_name["m"].rules.longest_answer == longest


@pytest.mark.parametrize(
    ("of_a", "of_b", "words"),
    [
        ('["x"]', "[]", ["flows.toml:4: flows.a.fallback names x, which is no flow; flows are: a, b, c"]),
        ('["b", "b"]', "[]", ["flows.toml:4: flows.a.fallback names b twice"]),
        ('["a"]', "[]", ["flows.toml:4: flows.a.fallback names the flow itself"]),
        ('"b"', "[]", ["flows.toml:4: flows.a.fallback must be array"]),
        ("[1]", "[]", ["flows.toml:4: flows.a.fallback must be str"]),
        # Two may stand in for each other.
        ('["b", "c"]', '["c", "a"]', []),
    ],
)
def test_a_fallback_is_another_flow_named_once(of_a: str, of_b: str, words: list[str]) -> None:
    text = f"""
[flows.a]
processor = "mock"
fallback = {of_a}

[flows.b]
processor = "mock"
fallback = {of_b}

[flows.c]
processor = "mock"
"""
    if words:
        assert faults(text) == words
    else:
        assert parse(text, ProcessorKinds()).by_name["a"].rules.fallback == ("b", "c")


@pytest.mark.parametrize("seconds", ["-1", '"1"', "604801"])
def test_a_wrong_time_before_a_fallback_is_named(seconds: str) -> None:
    [fault] = faults(f'[flows.a]\nprocessor = "mock"\nfallback_after_seconds = {seconds}\n')
    assert fault.startswith("flows.toml:3: flows.a.fallback_after_seconds must be")
