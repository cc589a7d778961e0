"""The page says when n8n was asked about an execution, and what it said."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab, Scheme
from tests.e2e.looks import expect_no_overflow
from tests.e2e.served import Served
from tests.e2e.test_accessible import violations
from tests.n8n import fake_n8n
from tests.n8n.fake_executions import ExecutionStatus
from tests.n8n.fake_n8n import FakeN8n
from tests.n8n.scenario import flow, with_api

pytestmark = pytest.mark.asyncio(loop_scope="session")
TOKEN = "the-token-that-n8n-knows"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
async def test_the_timeline_says_when_n8n_was_asked_and_what_it_said(
    tmp_path: Path, open_tab: OpenTab, width: int, scheme: Scheme
) -> None:
    async with FakeN8n(TOKEN, "dev-secret-key").serve() as n8n:
        n8n.usual = fake_n8n.accept_and_forget()
        served = Served(
            tmp_path,
            flows=flow(
                n8n.url, callback_timeout=1, more=with_api(n8n.api_url) + f'\neditor_url = "{n8n.api_url}/workflow/7"'
            ),
            environment={"N8N_TOKEN": TOKEN, "N8N_API_KEY": n8n.api_key},
        )
        await asyncio.to_thread(served.start)
        try:
            job = (await asyncio.to_thread(served.submit, "Are you there?"))["id"]
            page = await open_tab(f"{served.page}jobs/{job}", width=width, scheme=scheme)
            lines = page.get_by_role("region", name="Timeline").locator("ol > li")
            running = lines.filter(has_text="Reconcile call to the processor at ").first
            await expect(running).to_contain_text("Asked n8n about execution 1: it still works on it (running).")
            n8n.executions["1"].status = ExecutionStatus.CRASHED
            await expect(lines.filter(has_text="it says that it crashed").first).to_be_visible()
            link = page.get_by_role("link", name="1", exact=True)
            await expect(link).to_have_attribute("href", f"{n8n.api_url}/workflow/7/executions/1")
            await expect_no_overflow(page)
            assert await violations(page) == []
        finally:
            await asyncio.to_thread(served.stop)
