"""What is taken for a secret in production, and what a person would laugh at."""

import base64
import random
import string
import uuid

import pytest

from job_processor.secret_strength import EXAMPLES, is_weak

WEAK = [
    "",
    "short",
    "a" * 32,
    "A" * 64,
    "ab" * 16,
    "abc" * 20,
    "0" * 31 + "1",
    "1234567890" * 4,
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "abcdefghijklmnopqrstuvwxyz123456",
    "zyxwvutsrqponmlkjihgfedcba9876543210",
    "qwertyuiopasdfghjklzxcvbnmqwertyuiop",
    "changeme-changeme-changeme-changeme",
    "dev-secret-key dev-secret-key dev-secret-key",
    "Dev-Secret-KeyDev-Secret-KeyDev-Secret-Key",
    "this-is-my-very-long-webhook-secret-key",
    "please-change-this-secret-to-a-random-string",
    "your-webhook-secret-with-at-least-32-characters",
    "password1234password1234password1234",
    "superSecretPassword!superSecretPassword!",
    "example example example example example",
    "11112222333344445555666677778888",
    "................................",
    " " * 40,
    "äöäöäöäöäöäöäöäöäöäöäöäöäöäöäöäö",
    "hunter2hunter2hunter2hunter2hunter2",
    "correcthorsecorrecthorsecorrecthorse",
]


@pytest.mark.parametrize("secret", WEAK)
def test_what_everybody_could_guess_is_refused(secret: str) -> None:
    assert is_weak(secret)


@pytest.mark.parametrize("example", sorted(EXAMPLES))
@pytest.mark.parametrize("between", ["", " ", "-", "_", "."])
def test_no_example_becomes_a_secret_by_being_said_again(example: str, between: str) -> None:
    for times in (1, 3, 4, 9):
        for said in (example, example.upper(), example.title()):
            assert is_weak(between.join([said] * times))


def random_secrets() -> list[str]:
    chance = random.Random(20261126)
    made: list[str] = []
    for _ in range(300):
        data = chance.randbytes(32)
        made += [data.hex(), data[:16].hex(), base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()]
        made += [str(uuid.UUID(bytes=data[:16])), "".join(chance.choices(string.ascii_letters, k=32))]
        made += ["".join(chance.choices(string.digits, k=40)), "".join(chance.choices(string.printable[:94], k=32))]
    return made


def test_what_generators_make_is_taken() -> None:
    assert [secret for secret in random_secrets() if is_weak(secret)] == []


@pytest.mark.parametrize(
    "secret",
    [
        "correct horse battery staple gravel onion",
        "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich",
        "canary-webhook-0123456789abcdef0123456789",
    ],
)
def test_a_phrase_of_a_persons_own_is_taken(secret: str) -> None:
    assert not is_weak(secret)
