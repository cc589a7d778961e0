"""Signatures are those of Standard Webhooks: the reference libraries take them, and nothing that was changed."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from job_processor.core.webhook_signature import headers, new_secret, secret_key, secret_text
from job_processor.webhook_secrets import WebhookSecrets
from tests.webhooks.verifying import node_says, python_says

BODY = '{"type":"job.completed","data":{"result":"sch\\u00f6n"}}'
SECRETS = WebhookSecrets(("the current secret", "the one before"))


def signed(*texts: str, body: str = BODY, at: float = 0.0) -> dict[str, str]:
    return headers("msg_1", int(time.time() + at), body.encode(), texts)


def test_the_reference_libraries_agree_on_what_is_right_and_wrong() -> None:
    new, old, other = new_secret(), new_secret(), SECRETS.of_owner("k1")[0]
    both = signed(new, old)
    cases = [
        (new, signed(new), BODY, True),
        (new, both, BODY, True),
        (old, both, BODY, True),
        (other, signed(other), BODY, True),
        (secret_text(b"x" * 24), signed(secret_text(b"x" * 24)), BODY, True),
        (secret_text(b"x" * 64), signed(secret_text(b"x" * 64)), BODY, True),
        (old, signed(new), BODY, False),
        (new, signed(new), BODY + " ", False),
        (new, signed(new) | {"webhook-id": "msg_2"}, BODY, False),
        (new, signed(new) | {"webhook-timestamp": str(int(time.time()) - 1)}, BODY, False),
        (new, signed(new, at=-3600), BODY, False),
    ]
    wanted = [right for *_, right in cases]
    assert [python_says(secret, sent, body) == "ok" for secret, sent, body, _ in cases] == wanted
    assert [one == "ok" for one in node_says([case[:3] for case in cases])] == wanted


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200).filter(lambda t: t.isprintable()), st.binary(min_size=24, max_size=64))
def test_any_body_and_any_key(text: str, key: bytes) -> None:
    secret = secret_text(key)
    body = f'"{text}"'.replace("\\", "")
    sent = signed(secret, body=body)
    assert secret_key(secret) == key
    assert sent["webhook-signature"].startswith("v1,")
    assert len(base64.b64decode(sent["webhook-signature"][3:], validate=True)) == 32


@pytest.mark.parametrize(
    "text", ["", "whsec_", "secret", "whsec_!!!!", "whsec_" + "A" * 28, "whsec_" + base64.b64encode(b"x" * 65).decode()]
)
def test_a_text_that_is_no_secret(text: str) -> None:
    with pytest.raises(ValueError, match="a secret"):
        secret_key(text)


def test_nothing_is_signed_whose_parts_could_be_read_in_another_way() -> None:
    with pytest.raises(ValueError, match="full stop"):
        headers("msg.1", 1, b"", [new_secret()])
    with pytest.raises(ValueError, match="a secret"):
        headers("msg_1", 1, b"", [])


def test_a_sealed_secret_opens_for_its_endpoint_and_under_its_secrets_alone() -> None:
    secret = new_secret()
    sealed = SECRETS.seal(secret, "e1")
    assert secret not in sealed
    assert SECRETS.seal(secret, "e1") != sealed
    assert SECRETS.open(sealed, "e1") == secret
    assert SECRETS.open(sealed, "e2") is None
    rotated = WebhookSecrets(("a new one", "the current secret"))
    assert rotated.open(sealed, "e1") == secret
    assert (SECRETS.is_current(sealed, "e1"), rotated.is_current(sealed, "e1")) == (True, False)
    assert WebhookSecrets(("a new one",)).open(sealed, "e1") is None


def test_each_owner_has_a_secret_of_its_own_that_stays_while_the_other_is_changed() -> None:
    assert SECRETS.of_owner("a") == SECRETS.of_owner("a")
    assert len({*SECRETS.of_owner("a"), *SECRETS.of_owner("b"), *SECRETS.of_owner("")}) == 6
    assert WebhookSecrets(("next", "the current secret")).of_owner("a")[1] == SECRETS.of_owner("a")[0]
