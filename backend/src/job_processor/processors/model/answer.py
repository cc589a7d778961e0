"""Assembles a model's answer, whole or from the chunks of a stream, and converts it to an outcome. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Failed, Outcome, Succeeded
from job_processor.outgoing.text import QUOTE_LIMIT, one_line
from job_processor.processors import result_size

_FILTERED: Final = ("content_filter", "The model's content filter withheld the answer.", False)
_TOO_SHORT: Final = ("length", "The answer was cut off at the token limit.", False)
_TOOL: Final = ("tool_calls", "The model asked for a tool instead of answering.", False)
_ABORTED: Final = ("answer_cut_off", "The model server aborted the answer.", True)
_BROKEN: Final = ("answer_cut_off", "The model server broke the answer off with an error.", True)
_CUT_OFF: Final = {
    **dict.fromkeys(("content_filter", "safety", "sensitive", "prohibited_content", "blocklist", "spii"), _FILTERED),
    **dict.fromkeys(("recitation", "guardrail_intervened", "image_safety"), _FILTERED),
    **dict.fromkeys(("length", "max_tokens", "model_length", "model_context_window_exceeded"), _TOO_SHORT),
    **dict.fromkeys(("tool_calls", "function_call", "tool_use"), _TOOL),
    **dict.fromkeys(("abort", "aborted", "cancelled", "canceled", "timeout"), _ABORTED),
    **dict.fromkeys(("error", "network_error", "insufficient_system_resource"), _BROKEN),
    **dict.fromkeys(("malformed_function_call", "unexpected_tool_call"), _BROKEN),
    "refusal": ("refusal", "The model refused.", False),
}
"""Values of ``finish_reason`` (in lower case) that mean failure: code, message, retryable. Others count as ``stop``."""
_THINKING: Final = frozenset({"thinking", "reasoning", "redacted_thinking", "reasoning_text", "thought", "reference"})
SURROGATES_REPLACED: Final = "Lone surrogates in the answer were replaced with U+FFFD."
NO_FINISH: Final = "The model server gave no finish_reason; the answer was taken as complete."


@dataclass(slots=True)
class ModelAnswer:
    """The answer received so far. The server's values are untrusted: any may have any type."""

    max_bytes: int
    """Maximum size of the text in bytes of UTF-8."""
    parts: list[str] = field(default_factory=list)
    size: int = 0
    """Size of the text so far in bytes of UTF-8."""
    thought: int = 0
    """Characters of thinking, which is not part of the result."""
    refusal: str = ""
    finish_reason: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    choices: int = 0
    called_tools: bool = False
    is_closed: bool = False
    """The answer is at its end: the end marker of a stream, or one complete document."""

    @property
    def too_large(self) -> bool:
        return self.size > self.max_bytes

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def is_whole(self) -> bool:
        """True if the model finished normally and there is text."""
        return self.finish_reason is not None and self._bad_finish is None and self.size > 0

    @property
    def is_final(self) -> bool:
        """True if the model ended the answer with a failure that another attempt would repeat."""
        return self._bad_finish is not None and not self._bad_finish[2]

    @property
    def _bad_finish(self) -> tuple[str, str, bool] | None:
        # Google appends details: "content_filter: RECITATION".
        return (
            None if self.finish_reason is None else _CUT_OFF.get(self.finish_reason.partition(":")[0].strip().lower())
        )

    @property
    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, self.completion_tokens, self.model, self.finish_reason)

    @property
    def partial(self) -> str | None:
        """The text so far as valid Unicode; ``None`` if there is none."""
        return valid_unicode(self.text)[0] or None

    def add(self, piece: Any, *, delta: bool) -> bool:
        """Add a complete completion or, with ``delta``, a chunk of one. True if it contained text."""
        self.model = _name(_get(piece, "model")) or self.model
        self._count(_get(piece, "usage"))
        choices = _get(piece, "choices")
        if not isinstance(choices, list) or not choices:
            return False
        self.choices += 1
        choice = _first(choices)
        self.finish_reason = _name(_get(choice, "finish_reason")) or self.finish_reason
        message = _get(choice, "delta" if delta else "message")
        if message is None:
            # Some servers confuse the two forms.
            message = _get(choice, "message" if delta else "delta")
        if _get(message, "tool_calls") or _get(message, "function_call"):
            self.called_tools = True
        self._refuse(_text(_get(message, "refusal")))
        self.thought += len(_text(_get(message, "reasoning_content")) or _text(_get(message, "reasoning")) or "")
        before = self.size
        for kind, text in _texts(_get(message, "content")):
            if kind in _THINKING:
                self.thought += len(text)
            elif kind == "refusal":
                self._refuse(text)
            else:
                self.parts.append(text)
                self.size += result_size.size(text)
        return self.size > before

    def _refuse(self, text: str | None) -> None:
        if text and len(self.refusal) < QUOTE_LIMIT:
            self.refusal += text

    def _count(self, usage: Any) -> None:
        self.prompt_tokens = _number(_get(usage, "prompt_tokens"), self.prompt_tokens)
        self.completion_tokens = _number(_get(usage, "completion_tokens"), self.completion_tokens)

    def outcome(self) -> Outcome:
        """The outcome of the answer at its end."""
        failure = self._failure()
        if failure is not None:
            code, message, retryable = failure
            return self.failed(code, message, retryable=retryable)
        return self.succeeded(None if self.finish_reason is not None else NO_FINISH)

    def succeeded(self, note: str | None) -> Outcome:
        """The text as the result. ``note``: a remark for the history about an unusual end."""
        text, replaced = valid_unicode(self.text)
        return Succeeded(text, usage=self.usage, note=" ".join(filter(None, (note, replaced))) or None)

    def failed(self, code: str, message: str, *, retryable: bool = True) -> Failed:
        """A failed attempt that keeps the partial answer and its usage."""
        return Failed(JobError(code, message), retryable=retryable, usage=self.usage, partial=self.partial)

    def _failure(self) -> tuple[str, str, bool] | None:
        """Code, message and retryable, if the answer is no result."""
        if self.too_large:
            error = result_size.too_large("The answer", self.max_bytes)
            return error.code, error.message, False
        ended = self._bad_finish
        if ended is not None and not (self.refusal and ended[0] == "refusal"):
            return ended
        if self.refusal:
            return "refusal", f"The model refused: {one_line(self.refusal)}", False
        if self.choices == 0:
            return "no_choice", "The model server answered without a choice.", True
        if self.called_tools and self.size == 0:
            return _TOOL
        if self.finish_reason is None and not (self.is_closed and self.size > 0):
            return "answer_cut_off", "The answer ended before the model had finished.", True
        if self.size == 0:
            thought = f" It sent {self.thought} characters of thinking." if self.thought else ""
            return "empty_answer", f"The model answered with no text.{thought}", True
        return None


def valid_unicode(text: str) -> tuple[str, str | None]:
    """The text as valid Unicode, and a note for the history if something was replaced.

    Surrogate pairs that arrived in two chunks are joined; a lone surrogate becomes U+FFFD.
    """
    if text.isascii():
        return text, None
    joined = text.encode("utf-16-le", "surrogatepass")
    try:
        return joined.decode("utf-16-le"), None
    except UnicodeDecodeError:
        return joined.decode("utf-16-le", "replace"), SURROGATES_REPLACED


def _get(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _first(choices: list[Any]) -> Any:
    """The choice with index 0, or the first one if it has no index; ``None`` if the chunk has only other choices."""
    for choice in choices:
        index = _get(choice, "index")
        if index in (0, "0") or (index is None and choice is choices[0]):
            return choice
    return None


def _texts(content: object) -> Iterator[tuple[str, str]]:
    """Type and text of each part of a message, in order. ``content``: a string, a part, or a list of these."""
    if isinstance(content, str):
        yield "text", content
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, (str, dict)):
                yield from _texts(part)
    elif isinstance(content, dict):
        kind = str(content.get("type") or "text")
        for name in ("text", "refusal", "thinking", "reasoning", "output_text", "content", "value"):
            inner = content.get(name)
            if inner:
                yield from ((kind, text) for _, text in _texts(inner))
                return


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _name(value: object) -> str | None:
    return one_line(value) if isinstance(value, str) else None


def _number(value: object, before: int | None) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else before
