"""Options that all HTTP processors share."""

import msgspec
from yarl import URL

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.exchange import MAX_SENT_TO_CHARACTERS
from job_processor.outgoing.addresses import parse_url
from job_processor.outgoing.text import one_line
from job_processor.processors.base import ProcessorSetup


class HttpOptions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """``ca_file``: PEM file of CA certificates that replace the system's, for a processor with a private CA."""

    ca_file: str | None = None


def address(option: str, text: str) -> URL:
    """The URL in an option; private addresses are allowed. Raises ProcessorUnusable if it is invalid."""
    try:
        return parse_url(text, allow_private=True)
    except ValueError as error:
        raise ProcessorUnusable(f"{option} {error}") from None


def sends_to(method: str, url: URL, *, model: str | None = None, has_query: bool = False) -> str:
    """Method, host and model for people. Path and query are abbreviated, because they often contain secrets."""
    rest = "/…" if has_query or url.raw_path_qs != "/" else ""
    named = "" if model is None else f", model {model}"
    return one_line(f"{method} {url.origin()}{rest}{named}", MAX_SENT_TO_CHARACTERS)


def secret(option: str, name: str, setup: ProcessorSetup) -> str:
    """The secret in the environment variable ``name``, which ``option`` refers to.

    Raises ProcessorUnusable if it is not set, or contains characters that a header cannot carry.
    """
    value = setup.environment.get(name, "").strip()
    if not value and setup.environment.get(f"{name}_FILE"):
        raise ProcessorUnusable(f"{option}: the file that {name}_FILE names cannot be read, or is empty")
    if not value:
        raise ProcessorUnusable(f"{option}: the environment variable {name} is not set")
    if not value.isascii() or not value.isprintable():
        raise ProcessorUnusable(f"{option}: the environment variable {name} contains characters no header can carry")
    return value
