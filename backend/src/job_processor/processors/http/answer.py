"""Converts an endpoint's 2xx response to an outcome: decode the text and extract the result. Pure."""

import json
import re
from typing import Final

from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed, HandOver, LaneClosed, Outcome, Succeeded, lane_closed
from job_processor.outgoing.session import Reply, is_encoded
from job_processor.outgoing.text import one_line, page_text
from job_processor.processors import result_size
from job_processor.processors.http import json_pointer
from job_processor.processors.http.json_pointer import Pointer
from job_processor.processors.model.answer import valid_unicode

NO_RESULT: Final = "no_result"
"""Error code of a response without the expected result; its text is kept with the attempt."""

_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([^\s;"']*)""", re.IGNORECASE)
_UTF_8: Final = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
# On the web Latin-1 means windows-1252 (WHATWG Encoding Standard), which defines more characters.
_LATIN: Final = frozenset({"iso-8859-1", "iso8859-1", "iso_8859-1", "latin-1", "latin1", "windows-1252", "cp1252"})
_PAGE: Final = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.I | re.S)
_PAGE_HEAD: Final = 16_384
"""Number of leading characters in which a web page is recognised."""
_TAG: Final = re.compile(r"<[^>]*>")
# n8n's own responses with status 200 if a workflow returned nothing: never a result.
_N8N_STARTS: Final = "n8n is starting up. Please wait"
_N8N_STARTED_WORKFLOW: Final = "Workflow was started"
_N8N_HAS_NOTHING: Final = frozenset(
    {
        "Workflow executed successfully but no data was returned",
        "Workflow executed successfully but the last node did not return any data",
        "Webhook call received",
    }
)
_N8N_MESSAGE: Final = re.compile(r'\s*\{\s*"message"\s*:\s*"([A-Za-z ]{1,100})"\s*\}\s*')


def outcome_of(reply: Reply, take: Pointer | None, max_bytes: int, *, pages: bool = False) -> Outcome | HandOver:
    """The outcome of a 2xx response.

    ``take``: pointer to the result in a JSON response; ``None``: the whole body. ``max_bytes``: maximum size of the
    result in UTF-8. ``pages``: a web page is accepted as a result.
    """
    if reply.unread is not None:
        return _unread(reply)
    text = _decoded(reply)
    if isinstance(text, Failed):
        return text
    # The whole text must match; otherwise a result that quotes it would be retried for ever.
    if len(text) < 1_000 and _TAG.sub("", text).strip() == _N8N_STARTS:
        return lane_closed(Trouble.OUTAGE, f"n8n is starting: it answered {reply.status} and says so.")
    by_n8n = _N8N_MESSAGE.fullmatch(text)
    if by_n8n is not None and by_n8n[1] == _N8N_STARTED_WORKFLOW:
        return _workflow_started(reply.status)
    if by_n8n is not None and by_n8n[1] in _N8N_HAS_NOTHING:
        return _failed("empty_answer", f'n8n answered {reply.status} "{by_n8n[1]}".')
    if not text.strip():
        return _failed("empty_answer", f"It answered {reply.status} with an empty body.")
    if take is not None:
        return _part(text, take, reply.status, max_bytes)
    if not pages and _PAGE.match(text[:_PAGE_HEAD]):
        return _failed("answer_garbled", _page_message(text, reply.status), partial=text)
    return _succeeded(text, max_bytes)


def _unread(reply: Reply) -> Outcome | HandOver:
    """The outcome if the body could not be read. The endpoint has processed the job, so the attempt counts as
    failed."""
    message = f"It answered {reply.status}, but {reply.unread}."
    if is_encoded(reply.headers):
        # The endpoint probably compresses all its responses.
        return HandOver(_failed("answer_garbled", message), LaneClosed(Trouble.MISCONFIGURED, message))
    return _failed("answer_too_large", message, retryable=False)


def _decoded(reply: Reply) -> str | Failed:
    kind = reply.headers.get("Content-Type", "")
    named = _CHARSET.search(kind)
    charset = named[1].lower() if named is not None else ""
    if _is_json(kind):
        charset = "utf-8"  # RFC 8259 section 8.1: JSON is UTF-8, whatever charset is declared.
    if charset not in _UTF_8 | _LATIN:
        message = f"It answered in the charset {one_line(charset)}, which is not supported; use UTF-8."
        return _failed("answer_garbled", message, retryable=False)
    try:
        # Valid UTF-8 is decoded as UTF-8, even if the server declares Latin-1.
        return reply.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"The answer is not UTF-8 from byte {error.start} on."
    if charset in _LATIN:
        try:
            return reply.body.decode("cp1252")
        except UnicodeDecodeError as error:
            message = f"The answer is not in the declared charset from byte {error.start} on."
    return _failed("answer_garbled", message, partial=reply.body.decode(errors="replace"))


def _is_json(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or media.endswith("+json")


def _part(text: str, take: Pointer, status: int, max_bytes: int) -> Outcome:
    try:
        found = json_pointer.find(text, take)
    except json_pointer.NotJson as error:
        return _failed(NO_RESULT, _quote(f"The answer ({status}) is not JSON", f"{error}", text), partial=text)
    except json_pointer.NotThere as error:
        what = f"It answered {status} without a value at {take.text}"
        return _failed(NO_RESULT, _quote(what, f"{error}", text), partial=text)
    if found == "null":
        return _failed("empty_answer", f"It answered {status} with null at {take.text or 'the top'}.")
    if not found.startswith('"'):
        return _succeeded(found, max_bytes)
    value: str = json.loads(found)
    if not value.strip():
        return _failed("empty_answer", f"It answered {status} with an empty text at {take.text or 'the top'}.")
    return _succeeded(value, max_bytes)


def _succeeded(text: str, max_bytes: int) -> Outcome:
    whole, note = valid_unicode(text)
    return result_size.refused(whole, "The answer", max_bytes, partial=whole) or Succeeded(whole, note=note)


def _workflow_started(status: int) -> HandOver:
    message = (
        f'n8n answered {status} "{_N8N_STARTED_WORKFLOW}", which is no result: set its Webhook node to respond '
        'using the node "Respond to Webhook".'
    )
    return HandOver(_failed(NO_RESULT, message), LaneClosed(Trouble.MISCONFIGURED, message))


def _page_message(text: str, status: int) -> str:
    seen = page_text(text)
    excerpt = f" ({seen})" if seen else ""
    return f"It answered {status} with a web page{excerpt}, which is no result; web_pages = true would take it for one."


def _quote(what: str, why: str, text: str) -> str:
    return f"{what}: {one_line(why)}. It begins: {one_line(text)}"


def _failed(code: str, message: str, *, retryable: bool = True, partial: str | None = None) -> Failed:
    return Failed(JobError(code, message), retryable=retryable, partial=partial)
