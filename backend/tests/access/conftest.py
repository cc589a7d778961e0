"""A site with keys over each store: two flows, and keys of every kind."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from job_processor.acts.api_keys import NewKey
from job_processor.core.access import Right
from job_processor.core.flow import FlowRules
from job_processor.http.access import Auth
from tests.store_suite.places import Clock, Place
from tests.support.site import DEFAULT, Site, open_site
from tests.support.stores import patient, place

__all__ = ["patient", "place"]
OTHER = FlowRules("other")


@dataclass(slots=True)
class Guarded:
    """A site that asks for keys."""

    site: Site
    clock: Clock

    async def key(
        self,
        *rights: Right,
        flows: tuple[str, ...] | None = None,
        expires_at: int | None = None,
        name: str = "of a test",
    ) -> str:
        """The text of a new key."""
        chosen = None if flows is None else frozenset(flows)
        made = await self.site.acts.api_keys.create(NewKey(name, frozenset(rights), chosen, expires_at))
        return made.text

    async def revoke(self, text: str) -> None:
        await self.site.acts.api_keys.revoke(text.split("_")[1])


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


@pytest.fixture
async def guarded(place: Place, tmp_path: Path) -> AsyncIterator[Guarded]:
    store = await place.open()
    async with open_site(tmp_path / "none", store=store, flows=(DEFAULT, OTHER), auth=Auth.KEYS) as site:
        yield Guarded(site, place.clock)
