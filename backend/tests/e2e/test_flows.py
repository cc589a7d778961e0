"""The table of flows with as many as an installation may have, and the details that a flow's name opens."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="session")]

MANY = 50
FLOW = """
[flows.flow-number-{n:02}]
processor = "mock"
delay_seconds = 0.2
max_attempts = 1
concurrency = 4
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    flows = 'default_flow = "flow-number-00"\n' + "".join(FLOW.format(n=n) for n in range(MANY))
    served = Served(tmp_path_factory.mktemp("many"), flows=flows)
    served.start()
    served.finished(served.submit("hello", flow="flow-number-07")["id"])
    served.finished(served.submit("fault:error", flow="flow-number-07")["id"], "FAILED")
    served.pause("flow-number-49", "Moved")
    yield served
    served.stop()


async def test_fifty_flows_are_lines_of_one_table(many: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{many.page}flows")
    rows = page.get_by_role("table", name="Flows").locator("tbody tr")
    await expect(rows).to_have_count(MANY)
    # Trouble first, the others in the order of flows.toml.
    await expect(rows.first).to_contain_text("flow-number-49")
    await expect(rows.first).to_contain_text("Paused")
    busy = rows.filter(has_text="flow-number-07")
    await expect(busy).to_contain_text("50.0 %")
    heights = await rows.evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert max(heights) < 50
    # A worker of all of them: its names take lines, and no column is pushed out of sight.
    workers = page.get_by_role("group", name="Workers")
    await expect(workers).to_contain_text("flow-number-49")
    assert await workers.evaluate("it => it.scrollWidth <= it.clientWidth")
    assert await violations(page) == []
    await busy.get_by_role("link", name="processor_reported").click()
    await expect(page.locator("[data-job]")).to_have_count(1)
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{many.page}flows")
    await expect(rows).to_have_count(MANY)
    await expect_no_overflow(page)
    assert await violations(page) == []


async def test_a_test_prompt_is_sent_from_the_details(many: Served, open_tab: OpenTab) -> None:
    page = await open_tab(f"{many.page}flows")
    name = page.get_by_role("link", name="flow-number-03")
    await name.press("Enter")
    details = page.get_by_role("dialog", name="flow-number-03")
    await details.get_by_label("Test prompt").fill("Are you there?")
    await page.keyboard.press("Enter")
    await expect(details.get_by_role("link", name="Open the job")).to_be_visible()
    await expect(details.get_by_label("Test prompt")).to_have_value("")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(name).to_be_focused()
    await name.press("Enter")
    await details.get_by_role("link", name="1 completed").click()
    await page.get_by_role("link", name="Are you there?").click()
    await expect(page.get_by_text("Completed").first).to_be_visible()
