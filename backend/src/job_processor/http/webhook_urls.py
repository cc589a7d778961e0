"""The check of a URL that webhooks are to be sent to."""

from job_processor.http.context import Context
from job_processor.http.problems import invalid
from job_processor.outgoing.notices import checked


def check_url(context: Context, field: str, url: str) -> None:
    """Raises ``RequestRefused`` (422). A name is resolved, and its addresses are checked, when the webhook is sent."""
    try:
        checked(url, allow_private=context.webhook_private_addresses)
    except ValueError as error:
        raise invalid(field, str(error)) from None
