"""Errors of an identity provider, a sign-in or a token. No message contains a part of a token."""

from job_processor.core.errors import JobProcessorError


class ProviderUnavailable(JobProcessorError):
    """The identity provider does not answer, or its answer violates the standard. The message is the reason."""


class TokenRefused(JobProcessorError):
    """A token is invalid, or not valid for this server. The message is the reason, for programmers."""


class SignInRefused(JobProcessorError):
    """A sign-in failed. ``code``: a stable code for the page, the log and the audit."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
