"""Reading what a model answered. Whatever it is, it becomes an outcome with a clear code. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Failed, Outcome, Succeeded
from job_processor.processors import result_size
from job_processor.processors.words import QUOTE_LIMIT, one_line

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
"""Reasons to finish (in lower case) that make an answer none; any other is as good as ``stop``."""
_THINKING: Final = frozenset({"thinking", "reasoning", "redacted_thinking", "reasoning_text", "thought", "reference"})
HALVES: Final = "Halves of characters (lone surrogates) in the answer became U+FFFD."
NO_FINISH: Final = "The model server gave no reason to finish; the answer was taken as whole."


@dataclass(slots=True)
class Answer:
    """What has come of an answer so far, whole or in pieces. The values are a stranger's: any may be of any type."""

    most: int
    """Bytes that the text may have."""
    parts: list[str] = field(default_factory=list)
    size: int = 0
    """Bytes of the text so far."""
    thought: int = 0
    """Characters of thinking that came beside the text; they are no part of the result."""
    refusal: str = ""
    finish_reason: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    choices: int = 0
    called_tools: bool = False
    is_closed: bool = False
    """The other side said that this is all: the end mark of a stream, or a whole document."""

    @property
    def too_large(self) -> bool:
        return self.size > self.most

    @property
    def text(self) -> str:
        return "".join(self.parts)

    @property
    def is_whole(self) -> bool:
        """Has the model finished, with text to show for it?"""
        return self.finish_reason is not None and self._ended_badly is None and self.size > 0

    @property
    def is_final(self) -> bool:
        """Has the model itself ended its answer with what another attempt would end with too?"""
        return self._ended_badly is not None and not self._ended_badly[2]

    @property
    def _ended_badly(self) -> tuple[str, str, bool] | None:
        # Google says more behind a colon: "content_filter: RECITATION".
        return (
            None if self.finish_reason is None else _CUT_OFF.get(self.finish_reason.partition(":")[0].strip().lower())
        )

    @property
    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, self.completion_tokens, self.model, self.finish_reason)

    @property
    def partial(self) -> str | None:
        """The text so far, fit to be kept; ``None``: there is none."""
        return sound(self.text)[0] or None

    def add(self, piece: Any, *, delta: bool) -> bool:
        """Take in a whole completion, or with ``delta`` a chunk of one; True when it brought text."""
        self.model = _name(_of(piece, "model")) or self.model
        self._count(_of(piece, "usage"))
        choices = _of(piece, "choices")
        if not isinstance(choices, list) or not choices:
            return False
        self.choices += 1
        choice = _first(choices)
        self.finish_reason = _name(_of(choice, "finish_reason")) or self.finish_reason
        message = _of(choice, "delta" if delta else "message")
        if message is None:
            # Some servers send the one where the other belongs.
            message = _of(choice, "message" if delta else "delta")
        if _of(message, "tool_calls") or _of(message, "function_call"):
            self.called_tools = True
        self._refuse(_text(_of(message, "refusal")))
        self.thought += len(_text(_of(message, "reasoning_content")) or _text(_of(message, "reasoning")) or "")
        before = self.size
        for kind, text in _texts(_of(message, "content")):
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
        self.prompt_tokens = _number(_of(usage, "prompt_tokens"), self.prompt_tokens)
        self.completion_tokens = _number(_of(usage, "completion_tokens"), self.completion_tokens)

    def outcome(self) -> Outcome:
        """What the answer, now at its end, comes to."""
        ended = self._trouble()
        if ended is not None:
            code, message, retryable = ended
            return self.failed(code, message, retryable=retryable)
        return self.taken(None if self.finish_reason is not None else NO_FINISH)

    def taken(self, note: str | None) -> Outcome:
        """The text as the result; ``note``: what was odd about its end."""
        text, halves = sound(self.text)
        return Succeeded(text, usage=self.usage, note=" ".join(filter(None, (note, halves))) or None)

    def failed(self, code: str, message: str, *, retryable: bool = True) -> Failed:
        """A failed attempt, with what came of the answer."""
        return Failed(JobError(code, message), retryable=retryable, usage=self.usage, partial=self.partial)

    def _trouble(self) -> tuple[str, str, bool] | None:
        if self.too_large:
            error = result_size.too_large("The answer", self.most)
            return error.code, error.message, False
        ended = self._ended_badly
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
            thought = f" It thought, in {self.thought} characters." if self.thought else ""
            return "empty_answer", f"The model answered with no text.{thought}", True
        return None


def sound(text: str) -> tuple[str, str | None]:
    """The text that a store can keep, and a note about what had to be replaced for that.

    Surrogate pairs that came in two pieces are joined; a half that is left over becomes U+FFFD.
    """
    if text.isascii():
        return text, None
    joined = text.encode("utf-16-le", "surrogatepass")
    try:
        return joined.decode("utf-16-le"), None
    except UnicodeDecodeError:
        return joined.decode("utf-16-le", "replace"), HALVES


def _of(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _first(choices: list[Any]) -> Any:
    """The choice with index 0; of those that have no index the first. ``None``: this piece is of others only."""
    for choice in choices:
        index = _of(choice, "index")
        if index in (0, "0") or (index is None and choice is choices[0]):
            return choice
    return None


def _texts(content: object) -> Iterator[tuple[str, str]]:
    """The texts of a message, in order, each with its type: of a string, of a list of strings and of parts, of one."""
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
