"""The options that every processor behind HTTP has."""

import msgspec
from yarl import URL

from job_processor.core.errors import ProcessorUnusable
from job_processor.processors.base import Surroundings
from job_processor.processors.egress import parse_url


class HttpOptions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """``ca_file``: certificates (PEM) to trust instead of the system's, for a processor with a private one."""

    ca_file: str | None = None


def address(option: str, text: str) -> URL:
    """The address that an option names. An operator's own machines may be private ones.

    Raises ProcessorUnusable.
    """
    try:
        return parse_url(text, allow_private=True)
    except ValueError as error:
        raise ProcessorUnusable(f"{option} {error}") from None


def secret(option: str, name: str, around: Surroundings) -> str:
    """The secret in the environment variable that an option names.

    Raises ProcessorUnusable when it is not set, or cannot be sent in a header.
    """
    value = around.environment.get(name, "").strip()
    if not value:
        raise ProcessorUnusable(f"{option}: the environment variable {name} is not set")
    if not value.isascii() or not value.isprintable():
        raise ProcessorUnusable(f"{option}: the environment variable {name} holds what a header cannot carry")
    return value
