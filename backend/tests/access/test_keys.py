"""Keys: made, shown once, limited in number, rotated, revoked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_processor.acts.api_keys import MAX_KEYS
from job_processor.core.access import Right
from job_processor.core.key_text import ALPHABET, PATTERN, digest_of, id_of, key_text
from job_processor.core.redaction import Redactor
from tests.access.conftest import Guarded, bearer
from tests.http.problems import assert_problem

# --- the text ---


@given(st.text(ALPHABET, min_size=32, max_size=32), st.integers(0, 52), st.sampled_from(ALPHABET))
def test_a_mistyped_character_is_seen_without_a_look_up(secret: str, at: int, typed: str) -> None:
    key = key_text("abcdefghij", secret)
    assert re.fullmatch(PATTERN, key)
    assert id_of(key) == "abcdefghij"
    wrong = key[: at + 3] + typed + key[at + 4 :]
    assert wrong == key or id_of(wrong) is None


@given(st.text(max_size=80))
def test_any_text_may_be_looked_at(text: str) -> None:
    assert id_of(text) is None


@given(st.text(ALPHABET, min_size=32, max_size=32), st.integers(1, 38))
def test_a_key_that_a_processor_echoes_is_masked_whole_or_cut(secret: str, characters: int) -> None:
    key = key_text("abcdefghij", secret)[: 14 + characters]
    assert Redactor().text(f"401 for {key}, see {{'key': '{key}'}}") == "401 for ***, see {'key': '***'}"


# --- over HTTP ---


async def test_a_key_is_shown_once_and_its_text_is_stored_nowhere(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    reply = await guarded.site.client.post("/keys", {"name": " robot ", "rights": ["submit", "read"]}, admin)
    assert reply.status == 201, reply.text
    made = reply.json()
    assert reply.headers["location"] == f"/keys/{made['id']}"
    assert (made["name"], made["rights"], made["flows"]) == ("robot", ["read", "submit"], None)
    assert made["createdBy"] == (await guarded.site.client.get("/session", admin)).json()["id"]
    text = made.pop("key")
    assert (await guarded.site.client.get(f"/keys/{made['id']}", admin)).json() == made
    listed = await guarded.site.client.get("/keys", admin)
    assert [key["id"] for key in listed.json()].count(made["id"]) == 1
    assert text not in listed.text
    stored = next(key for key in await guarded.site.store.api_keys() if key.id == made["id"])
    assert stored.digest == digest_of(text.encode())
    assert text.split("_")[2] not in repr(stored)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "rights": ["read"]}, "name"),
        ({"name": "n", "rights": []}, "rights"),
        ({"name": "n", "rights": ["root"]}, "rights"),
        ({"name": "n", "rights": ["read"], "flows": ["no-such"]}, "flows"),
        ({"name": "n", "rights": ["read"], "flows": []}, "flows"),
        ({"name": "n", "rights": ["admin"], "flows": ["main"]}, "flows"),
        ({"name": "n", "rights": ["read"], "expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
        ({"name": "n", "rights": ["read"], "ratePerMinute": 0}, "ratePerMinute"),
    ],
)
async def test_a_key_that_cannot_be_is_refused_by_field(guarded: Guarded, body: dict[str, object], field: str) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    problem = assert_problem(await guarded.site.client.post("/keys", body, admin), 422)
    assert problem["errors"][0]["field"].startswith(field)


async def test_there_is_a_highest_number_of_keys(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("job_processor.acts.api_keys.MAX_KEYS", 2)
    assert MAX_KEYS == 1_000
    admin = bearer(await guarded.key(Right.ADMIN))
    robot = (await guarded.site.client.post("/keys", {"name": "n", "rights": ["read"]}, admin)).json()
    assert_problem(await guarded.site.client.post("/keys", {"name": "n", "rights": ["read"]}, admin), 409)
    assert (await guarded.site.client.request("DELETE", f"/keys/{robot['id']}", headers=admin)).status == 204
    assert (await guarded.site.client.post("/keys", {"name": "n", "rights": ["read"]}, admin)).status == 201


async def test_after_a_rotation_both_keys_are_valid_for_the_overlap(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    old = await guarded.key(Right.READ, Right.SUBMIT, flows=("main",))
    job = await guarded.site.client.post("/jobs", {"prompt": "p"}, {**bearer(old), "idempotency-key": "k"})
    path = f"/keys/{old.split('_')[1]}/rotate"
    made = (await guarded.site.client.post(path, {"overlapSeconds": 60}, admin)).json()
    assert (made["rights"], made["flows"]) == (["read", "submit"], ["main"])
    for key in (old, made["key"]):
        again = await guarded.site.client.post("/jobs", {"prompt": "p"}, {**bearer(key), "idempotency-key": "k"})
        assert again.json()["id"] == job.json()["id"]
    guarded.clock.forward(60_001)
    assert_problem(await guarded.site.client.get("/jobs", bearer(old)), 401)
    assert (await guarded.site.client.get("/jobs", bearer(made["key"]))).status == 200
    assert_problem(await guarded.site.client.post(path, {}, admin), 409)


async def test_revoking_twice_is_revoking_once(guarded: Guarded) -> None:
    admin = bearer(await guarded.key(Right.ADMIN))
    key = (await guarded.key(Right.READ)).split("_")[1]
    for _ in range(2):
        assert (await guarded.site.client.request("DELETE", f"/keys/{key}", headers=admin)).status == 204
    for path in ("/keys/0000000000", "/keys/UPPERCASE0", "/keys/short"):
        assert_problem(await guarded.site.client.request("DELETE", path, headers=admin), 404)
