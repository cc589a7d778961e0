"""An endpoint's answer as the result of the attempt: its bytes as text, and the part of it that is wanted. Pure."""

import json
import re
from typing import Final

from job_processor.core.job import JobError
from job_processor.core.lane import Trouble
from job_processor.core.outcome import Failed, HandOver, LaneClosed, Outcome, Succeeded, lane_closed
from job_processor.processors import json_pointer, result_size
from job_processor.processors.completion import sound
from job_processor.processors.json_pointer import Pointer
from job_processor.processors.outgoing import Reply, is_encoded
from job_processor.processors.words import one_line, page_text

NO_RESULT: Final = "no_result"
"""The code of an answer that is none of this kind; what came is kept with the attempt."""

_CHARSET: Final = re.compile(r""";\s*charset\s*=\s*["']?([^\s;"']*)""", re.IGNORECASE)
_UTF_8: Final = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
# What goes by the name of Latin-1 on the web is windows-1252, which says more with the same bytes.
_LATIN: Final = frozenset({"iso-8859-1", "iso8859-1", "iso_8859-1", "latin-1", "latin1", "windows-1252", "cp1252"})
_PAGE: Final = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.I | re.S)
_PAGE_HEAD: Final = 16_384
"""Characters in which a web page must show that it is one."""
_TAG: Final = re.compile(r"<[^>]*>")
# What n8n itself answers with 200 where a workflow gave nothing: never anybody's result.
_N8N_STARTS: Final = "n8n is starting up. Please wait"
_N8N_WENT_ON: Final = "Workflow was started"
_N8N_HAS_NOTHING: Final = frozenset(
    {
        "Workflow executed successfully but no data was returned",
        "Workflow executed successfully but the last node did not return any data",
        "Webhook call received",
    }
)
_N8N_SAYS: Final = re.compile(r'\s*\{\s*"message"\s*:\s*"([A-Za-z ]{1,100})"\s*\}\s*')


def outcome_of(reply: Reply, take: Pointer | None, most: int, *, pages: bool = False) -> Outcome | HandOver:
    """What an answer with a status of success comes to.

    ``take``: the part of a JSON answer that is the result; ``None``: the whole body is. ``most``: bytes
    of UTF-8 that the result may have. ``pages``: a whole web page may be the result.
    """
    if reply.unread is not None:
        return _unread(reply)
    text = _decoded(reply)
    if isinstance(text, Failed):
        return text
    # Nothing but this: an answer that speaks of it would come round for ever.
    if len(text) < 1_000 and _TAG.sub("", text).strip() == _N8N_STARTS:
        return lane_closed(Trouble.OUTAGE, f"n8n is starting: it answered {reply.status} and says so.")
    by_n8n = _N8N_SAYS.fullmatch(text)
    if by_n8n is not None and by_n8n[1] == _N8N_WENT_ON:
        return _went_on(reply.status)
    if by_n8n is not None and by_n8n[1] in _N8N_HAS_NOTHING:
        return _failed("empty_answer", f'n8n answered {reply.status} "{by_n8n[1]}".')
    if not text.strip():
        return _failed("empty_answer", f"It answered {reply.status} with an empty body.")
    if take is not None:
        return _part(text, take, reply.status, most)
    if not pages and _PAGE.match(text[:_PAGE_HEAD]):
        return _failed("answer_garbled", _page_in_words(text, reply.status), partial=text)
    return _succeeded(text, most)


def _unread(reply: Reply) -> Outcome | HandOver:
    """The work was done and its answer cannot be had: an attempt, whoever is to blame."""
    words = f"It answered {reply.status}, but {reply.unread}."
    if is_encoded(reply.headers):
        # It would do so for every job.
        return HandOver(_failed("answer_garbled", words), LaneClosed(Trouble.MISCONFIGURED, words))
    return _failed("answer_too_large", words, retryable=False)


def _decoded(reply: Reply) -> str | Failed:
    kind = reply.headers.get("Content-Type", "")
    named = _CHARSET.search(kind)
    charset = named[1].lower() if named is not None else ""
    if _is_json(kind):
        charset = "utf-8"  # RFC 8259 knows no other, whatever is named beside it.
    if charset not in _UTF_8 | _LATIN:
        words = f"It answered in the charset {one_line(charset)}, which is not read: UTF-8 is."
        return _failed("answer_garbled", words, retryable=False)
    try:
        # Text that is sound UTF-8 is UTF-8, also where a server names Latin-1 out of habit.
        return reply.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        words = f"The answer is not UTF-8 from byte {error.start} on."
    if charset in _LATIN:
        try:
            return reply.body.decode("cp1252")
        except UnicodeDecodeError as error:
            words = f"The answer is not in the charset it names, from byte {error.start} on."
    return _failed("answer_garbled", words, partial=reply.body.decode(errors="replace"))


def _is_json(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or media.endswith("+json")


def _part(text: str, take: Pointer, status: int, most: int) -> Outcome:
    try:
        found = json_pointer.find(text, take)
    except json_pointer.NotJson as error:
        return _failed(NO_RESULT, _words(f"It answered {status} with what is no JSON", f"{error}", text), partial=text)
    except json_pointer.NotThere as error:
        what = f"It answered {status} without a value at {take.text}"
        return _failed(NO_RESULT, _words(what, f"{error}", text), partial=text)
    if found == "null":
        return _failed("empty_answer", f"It answered {status} with null at {take.text or 'the top'}.")
    if not found.startswith('"'):
        return _succeeded(found, most)
    value: str = json.loads(found)
    if not value.strip():
        return _failed("empty_answer", f"It answered {status} with an empty text at {take.text or 'the top'}.")
    return _succeeded(value, most)


def _succeeded(text: str, most: int) -> Outcome:
    whole, note = sound(text)
    return result_size.refused(whole, "The answer", most, partial=whole) or Succeeded(whole, note=note)


def _went_on(status: int) -> HandOver:
    words = (
        f'n8n answered {status} "{_N8N_WENT_ON}", which is no result: set its Webhook node to respond '
        'using the node "Respond to Webhook".'
    )
    return HandOver(_failed(NO_RESULT, words), LaneClosed(Trouble.MISCONFIGURED, words))


def _page_in_words(text: str, status: int) -> str:
    seen = page_text(text)
    words = f" ({seen})" if seen else ""
    return f"It answered {status} with a web page{words}, which is no result; web_pages = true would take it for one."


def _words(what: str, why: str, text: str) -> str:
    return f"{what}: {one_line(why)}. It begins: {one_line(text)}"


def _failed(code: str, message: str, *, retryable: bool = True, partial: str | None = None) -> Failed:
    return Failed(JobError(code, message), retryable=retryable, partial=partial)
