"""Backups encrypted with age (https://age-encryption.org): the command `age` reads and writes the same files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TypeVar

from pyrage import DecryptError, decrypt_io, encrypt_io, ssh, x25519

Recipient = x25519.Recipient | ssh.Recipient
Identity = x25519.Identity | ssh.Identity
Key = TypeVar("Key")


class KeyRefused(Exception):
    """A key file has no usable key, or not the one of this backup; the message says so."""


def encrypt(source: IO[bytes], target: IO[bytes], recipients: Sequence[Recipient]) -> None:
    encrypt_io(source, target, recipients)


def decrypt(source: IO[bytes], target: IO[bytes], identities: Sequence[Identity]) -> None:
    """Raises ``KeyRefused``; what was written until then is no backup."""
    try:
        decrypt_io(source, target, identities)
    except DecryptError as error:
        raise KeyRefused(f"the backup cannot be decrypted with this key: {error}") from None


def read_recipients(file: Path) -> list[Recipient]:
    """The public keys in a file, one a line: age's (age1…) or OpenSSH's (ssh-ed25519 …, ssh-rsa …)."""
    found: list[Recipient] = []
    for line in _lines(file):
        kind = ssh.Recipient if line.startswith("ssh-") else x25519.Recipient
        try:
            found.append(kind.from_str(line))
        except Exception:
            raise KeyRefused(f"{file.name}: expected a public key of age (age1…) or of OpenSSH in each line") from None
    return _some(found, file, "public")


def key_id(recipient: str) -> str:
    """Eight characters that tell public keys apart, for the names of backups."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:8]


def recipients_id(file: Path) -> str:
    """That of the first public key in a file, whatever comment is behind it."""
    return key_id(" ".join(_lines(file)[0].split()[:2]))


def identity_ids(identities: Sequence[Identity]) -> list[str]:
    """Those of age's private keys. An OpenSSH key does not tell its public half."""
    return [key_id(str(one)) for one in own_recipients(identities)]


def read_identities(file: Path) -> list[Identity]:
    """The private keys in a file: lines of age-keygen (AGE-SECRET-KEY-1…), or one OpenSSH private key."""
    try:
        lines = _lines(file)
        if lines and lines[0].startswith("-----BEGIN"):
            return [ssh.Identity.from_buffer(("\n".join(lines) + "\n").encode())]
        keys: list[Identity] = [x25519.Identity.from_str(line) for line in lines]
    except OSError:
        raise
    except Exception:
        raise KeyRefused(f"{file.name}: expected the private key of age (AGE-SECRET-KEY-1…) or of OpenSSH") from None
    return _some(keys, file, "private")


def own_recipients(identities: Sequence[Identity]) -> list[Recipient]:
    """The public keys of generated private keys."""
    return [one.to_public() for one in identities if isinstance(one, x25519.Identity)]


def _lines(file: Path) -> list[str]:
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _some(keys: list[Key], file: Path, kind: str) -> list[Key]:
    if not keys:
        raise KeyRefused(f"{file.name}: there is no {kind} key in this file")
    return keys
