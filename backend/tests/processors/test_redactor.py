"""What a redactor takes out of a text, and which variables it knows as secrets."""

import pytest

from job_processor.core.redaction import MASK, Redactor, secrets_in
from job_processor.signing import CallbackSigner
from tests.processors.canaries import Canaries

ROWS: list[tuple[str, str, str]] = [
    ("abcdefghij", "an abcdefghij here", "an *** here"),
    ("abcdefghij", "abcdefghijabcdefghij", "******"),
    ("abcdefghij", "it ends in abcdefgh", "it ends in ***"),
    ("abcdefghij", "it ends in abcdefg", "it ends in abcdefg"),
    ("abcdefghij", "cut abcdefgh… of it", "cut ***… of it"),
    ("abcdef", "abcdef and abcde", "*** and abcde"),
    ("abc", "abc is too short to be one", "abc is too short to be one"),
    ("Bearer abcdefghij", "Bearer xyz, and abcdefghij", "Bearer xyz, and ***"),
    ("Basic dXNlcjpwYXNzd29yZA==", "user:password", "***"),
    ("a+b/c=d e&f", "a%2Bb%2Fc%3Dd%20e%26f a%2Bb%2Fc%3Dd+e%26f", "*** ***"),
    ('say "hi"\\now', 'say \\"hi\\"\\\\now', "***"),
]


@pytest.mark.parametrize(("secret", "words", "kept"), ROWS)
def test_what_is_taken_out(secret: str, words: str, kept: str) -> None:
    assert Redactor([secret]).text(words) == kept


def test_tokens_of_any_job_are_known_by_their_form() -> None:
    token = CallbackSigner(("x" * 32,)).token("f" * 24, 3, 1_800_000_000)
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXg"
    assert Redactor().text(f"a {token} b {jwt}, c") == f"a {MASK} b {MASK}, c"


def test_ordinary_words_stay() -> None:
    canaries = Canaries(3)
    redactor = Redactor(secrets_in(canaries.environment))
    for words in ("Bearer token missing", "HTTP 401: Basic authentication", "v1.2.3 of eyes", "no …", "sk-", ""):
        assert redactor.text(words) == words


def test_a_long_text_takes_time_in_proportion_to_its_length() -> None:
    redactor = Redactor(["a" * 64])
    assert redactor.text("a" * 63 + "b" + "c" * 100_000).startswith(MASK)
    assert redactor.text("aaaaaaaab" * 20_000) == "aaaaaaaab" * 20_000


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        *[
            (n, True)
            for n in ("OPENAI_API_KEY", "N8N_TOKEN", "WEBHOOK_SECRET_PREVIOUS", "DB_PASSWORD", "APIKEY", "KEY")
        ],
        *[(n, False) for n in ("MONKEY", "PATH", "KEYBOARD", "TOKENS_MAX", "HOME")],
    ],
)
def test_which_variables_are_secrets(name: str, is_secret: bool) -> None:
    assert (list(secrets_in({name: "the-value"})) == ["the-value"]) is is_secret
