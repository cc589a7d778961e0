"""A wrong answer is shown as wrong, with its raw text, and breaks nothing."""

import json

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_no_overflow, row_of, type_and_create
from tests.e2e.served import Served

# One browser, and so one event loop, for the tests of a file.
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_malformed_result_has_its_badge_and_its_raw_text(server: Served, open_tab: OpenTab) -> None:
    page = await open_tab(server.page)
    await type_and_create(page, "Please be wrong fault:malformed")
    row = row_of(page, "Please be wrong")
    await expect(row.get_by_text("Malformed JSON")).to_be_visible()

    await row.get_by_role("link").click()
    await expect(page.get_by_test_id("result-error")).to_contain_text("line 1, column")
    job = server.job(page.url.rsplit("/", 1)[-1])
    raw = page.get_by_role("group", name="The raw result")
    assert await raw.text_content() == job["result"]

    await page.get_by_role("tab", name="Repaired").click()
    repaired = await page.get_by_role("group", name="The repaired result").text_content()
    assert json.loads(repaired or "") == json.loads(job["resultVerdict"]["repaired"]["text"])


@pytest.mark.parametrize("fault", ["prose", "truncated"])
async def test_other_wrong_results_are_shown_too(server: Served, open_tab: OpenTab, fault: str) -> None:
    job = server.finished(server.submit(f"fault:{fault}")["id"])
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await expect(page.get_by_test_id("result-error")).to_be_visible()
    await expect(page.get_by_role("group", name="The raw result")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
async def test_an_answer_that_was_paid_for_and_is_no_result_stands_with_its_attempt(
    server: Served, open_tab: OpenTab, width: int
) -> None:
    schema = {"type": "object", "required": ["answer"]}
    job = server.submit("Answer me.", flow="choosy", resultSchema=schema)["id"]
    server.finished(job, "WAITING")
    said = '{"anser": "' + "misspelt " * 200 + '"}'
    server.call_back(job, said)
    assert server.finished(job, "PENDING")["attempts"][0]["partial"] == said

    page = await open_tab(f"{server.page}jobs/{job}", width=width)
    await expect(page.get_by_text("Partial answer, 1,813 characters")).to_be_visible()
    shown = page.get_by_role("group", name="The partial answer of attempt 1")
    await expect(shown).to_be_visible()
    assert await shown.text_content() == said
    await expect_no_overflow(page)


async def test_warnings_are_shown_beside_valid_json(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("Twice", flow="patient")
    server.call_back(job["id"], '{"a": 1, "a": 2, "f": "\\frac{1}{2}"}')
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    warnings = page.get_by_test_id("result-warnings")
    await expect(warnings).to_contain_text("/a at line 1, column 10: Duplicate name")
    await expect(warnings).to_contain_text("/f at line 1")
    await expect(page.get_by_text("Warnings", exact=True)).to_be_visible()
    await expect(page.get_by_test_id("result-error")).to_have_count(0)
    await expect(page.get_by_role("tab", name="JSON")).to_have_attribute("aria-selected", "true")


async def test_a_cut_result_is_marked_and_says_what_was_left_out(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("Cut", flow="patient")
    server.call_back(job["id"], '{"a": {"b": "x", "total": 12')
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await expect(page.get_by_test_id("result-error")).to_contain_text("Truncated")
    await expect(page.get_by_test_id("result-error")).to_contain_text('"total": 12')
    await page.get_by_role("tab", name="Repaired (truncated)").click()
    assert json.loads(await page.get_by_role("group", name="The repaired result").text_content() or "") == {
        "a": {"b": "x"}
    }


async def test_of_several_values_the_page_says_that_none_is_chosen(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("Two", flow="patient")
    server.call_back(job["id"], '{"a": 1}\n{"a": 2}')
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await expect(page.get_by_test_id("result-error")).to_contain_text("more than one JSON value")
    await expect(page.get_by_role("tab", name="Repaired")).to_have_count(0)


async def test_what_was_not_checked_says_so(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("Deep", flow="patient", resultSchema={"items": {"$ref": "#"}})
    server.call_back(job["id"], "[" * 201 + "]" * 201)
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await expect(page.get_by_test_id("result-error")).to_contain_text("Not checked")
    await expect(page.get_by_test_id("result-error")).to_contain_text("200 levels")


HOSTILE = [
    "<img src=x onerror=\"document.title='broken into'\"><script>document.title='broken into'</script>",
    "\u202e\ufeff\u2028 turned around",
    "[" * 5_000,
    '{"big": 123456789012345678901234567890, "__proto__": {"a": 1}, "a": 1, "a": 2}',
    '"' + "x" * 300_000 + '"',
    "{}",
    "null",
    " ",
]


@pytest.mark.parametrize("result", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_result_breaks_the_page(server: Served, open_tab: OpenTab, result: str) -> None:
    job = server.submit("Anything", flow="patient")
    server.call_back(job["id"], result)
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await expect(page.get_by_role("tab", name="Raw")).to_be_visible()
    await expect(page.get_by_text("This result cannot be shown")).to_have_count(0)
    assert "broken into" not in await page.title()


async def test_big_numbers_are_exact(server: Served, open_tab: OpenTab) -> None:
    job = server.submit("Count", flow="patient")
    server.call_back(job["id"], '{"id": 12345678901234567890123}')
    page = await open_tab(f"{server.page}jobs/{job['id']}")
    await expect(page.get_by_role("group", name="The result, formatted")).to_contain_text("12345678901234567890123")


async def test_a_replay_stands_beside_the_first(server: Served, open_tab: OpenTab) -> None:
    first = server.finished(server.submit("Once more")["id"])
    page = await open_tab(f"{server.page}jobs/{first['id']}")
    await page.get_by_role("button", name="Replay…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Flow").select_option("other")
    await dialog.get_by_label("Prompt").fill("Once more, but longer")
    await dialog.get_by_role("button", name="Replay", exact=True).click()
    await page.get_by_role("link", name="Compare both results").click()
    await expect(page.get_by_role("heading", name="Two results, side by side")).to_be_visible()
    await expect(page.get_by_text("The prompt was changed")).to_be_visible()
    await expect(page.get_by_text("/echo", exact=True)).to_be_visible()
    await expect(page.get_by_role("group", name="The result, formatted")).to_have_count(2)
