"""What can go wrong with an identity provider, a sign-in or a token. No message has anything of a token."""

from job_processor.core.errors import JobProcessorError


class ProviderUnavailable(JobProcessorError):
    """The identity provider does not answer, or not as the standard says."""


class TokenRefused(JobProcessorError):
    """A token is not valid here. The message says why, for programmers."""


class SignInRefused(JobProcessorError):
    """A sign-in has failed. ``code``: stable, for the page, the log and the audit."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
