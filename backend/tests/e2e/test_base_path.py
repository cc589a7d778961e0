"""The page below a base path: a real proxy keeps it or removes it, and the server itself knows nothing of the proxy."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenTab
from tests.e2e.looks import expect_mode, expect_status, row_of, type_and_create
from tests.e2e.served import Served, free_port
from tests.infra.caddy import caddy, needs_caddy

pytestmark = [pytest.mark.asyncio(loop_scope="session"), needs_caddy]
BASE = "/jobs-app"
CADDYFILE = """
{{
	admin off
	auto_https off
}}
:{keeps} {{
	handle {base}/* {{
		reverse_proxy 127.0.0.1:{server}
	}}
	respond "another application" 404
}}
:{removes} {{
	handle_path {base}/* {{
		reverse_proxy 127.0.0.1:{server}
	}}
	respond "another application" 404
}}
"""


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The address of the product by the way to it."""
    place = tmp_path_factory.mktemp("below")
    keeps, removes = free_port(), free_port()
    # The processor calls back through the proxy.
    server = Served(place, environment={"PUBLIC_URL": f"http://127.0.0.1:{removes}{BASE}"})
    file = place / "Caddyfile"
    file.write_text(CADDYFILE.format(keeps=keeps, removes=removes, server=server.port, base=BASE))
    server.start()
    with caddy(str(file), Path(place / "caddy"), removes):
        yield {
            "kept": f"http://127.0.0.1:{keeps}{BASE}",
            "removed": f"http://127.0.0.1:{removes}{BASE}",
            "without a proxy": server.url,
        }
    server.stop()


@pytest.mark.parametrize("way", ["kept", "removed", "without a proxy"])
async def test_the_page_lives_and_links_below_the_base_path(
    addresses: dict[str, str], open_tab: OpenTab, way: str
) -> None:
    at = addresses[way]
    page = await open_tab(f"{at}/" if way != "without a proxy" else f"{at}/ui/")
    # The overview, once there are jobs.
    await expect(page).to_have_url(re.compile(rf"^{re.escape(at)}/ui/(overview)?$"))
    await page.get_by_role("link", name="Jobs", exact=True).click()
    await expect(page).to_have_url(f"{at}/ui/")
    await expect_mode(page, "Live")
    await type_and_create(page, f"a job {way}")
    await expect_status(row_of(page, f"a job {way}"), "COMPLETED")

    await row_of(page, f"a job {way}").get_by_role("link").click()
    await expect(page).to_have_url(re.compile(rf"^{re.escape(at)}/ui/jobs/[0-9a-f]{{24}}$"))
    await page.reload()
    await expect(page.get_by_role("group", name="The prompt")).to_contain_text(f"a job {way}")
    await page.get_by_role("link", name="Flows").click()
    await expect(page).to_have_url(f"{at}/ui/flows")

    loaded = await page.evaluate("performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)")
    icon = await page.get_by_role("banner").locator("img").get_attribute("src")
    if way != "without a proxy":
        assert {path for path in [*loaded, icon] if not path.startswith(f"{BASE}/")} == set()
