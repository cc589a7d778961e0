"""The check of a URL that webhooks are to be sent to."""

from job_processor.http.problems import invalid
from job_processor.outgoing.notices import checked


def check_url(field: str, url: str, *, allow_private: bool) -> None:
    """Raises ``RequestRefused`` (422). A name is resolved, and its addresses are checked, when the webhook is sent."""
    try:
        checked(url, allow_private=allow_private)
    except ValueError as error:
        raise invalid(field, str(error)) from None
