"""Row F7: whatever is given as a token or secret, the answer is yes or no and never an exception."""

from hypothesis import given
from hypothesis import strategies as st

from job_processor.signing import CallbackClaim, CallbackSigner

SIGNER = CallbackSigner(["one", "two"])
JOB = "0123456789abcdef01234567"
TOKEN = SIGNER.token(JOB, 3, 1_000)


def test_a_good_token_names_its_job_and_attempt_until_it_ends() -> None:
    assert SIGNER.verify(TOKEN.encode(), 1_000.0) == CallbackClaim(JOB, 3)
    assert SIGNER.verify(TOKEN.encode(), 1_000.001) is None


def test_l5_tokens_of_both_secrets_are_valid_during_a_rotation() -> None:
    rotated = CallbackSigner(["three", "one"])

    assert rotated.verify(TOKEN.encode(), 0) is not None
    assert SIGNER.verify(rotated.token(JOB, 1, 1_000).encode(), 0) is None
    assert rotated.is_secret(b"one")
    assert not rotated.is_secret(b"two")


def test_a_token_tells_nothing_of_the_secret_and_is_none() -> None:
    assert "one" not in TOKEN
    assert not SIGNER.is_secret(TOKEN.encode())


@given(st.binary(max_size=300))
def test_no_bytes_at_all_raise(given_bytes: bytes) -> None:
    assert SIGNER.verify(given_bytes, 0) is None
    assert SIGNER.is_secret(given_bytes) == (given_bytes in (b"one", b"two"))


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20), st.text(max_size=60))
def test_nothing_that_looks_like_a_token_raises(job: str, attempt: str, expires: str, mac: str) -> None:
    assert SIGNER.verify(f"v1.{job}.{attempt}.{expires}.{mac}".encode(), 0) is None


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 255))
def test_no_token_with_another_byte_is_valid(place: int, byte: int) -> None:
    changed = TOKEN.encode()[:place] + bytes([byte]) + TOKEN.encode()[place + 1 :]

    assert (SIGNER.verify(changed, 0) is not None) == (changed == TOKEN.encode())


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**15 - 1))
def test_every_attempt_and_expiry_comes_back(attempt: int, expires: int) -> None:
    assert SIGNER.verify(SIGNER.token(JOB, attempt, expires).encode(), expires) == CallbackClaim(JOB, attempt)
