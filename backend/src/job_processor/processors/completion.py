"""Reading what a model answered. Whatever it is, it becomes an outcome with a clear code. Pure."""

from dataclasses import dataclass, field
from typing import Any, Final

from job_processor.core.job import JobError, Usage
from job_processor.core.outcome import Failed, Outcome, Succeeded
from job_processor.processors.answers import QUOTE_LIMIT, one_line

TEXT_LIMIT: Final = 1_048_576
"""Characters of an answer that are kept."""

_CUT_OFF: Final = {
    "content_filter": ("content_filter", "The model's content filter withheld the answer.", False),
    "length": ("length", "The answer was cut off at the token limit.", False),
    "tool_calls": ("tool_calls", "The model asked for a tool instead of answering.", False),
    "function_call": ("tool_calls", "The model asked for a tool instead of answering.", False),
    "abort": ("answer_cut_off", "The model server aborted the answer.", True),
    "error": ("answer_cut_off", "The model server broke the answer off with an error.", True),
}


@dataclass(slots=True)
class Answer:
    """What has come of an answer so far, whole or in pieces. The values are a stranger's: any may be of any type."""

    parts: list[str] = field(default_factory=list)
    size: int = 0
    refusal: str = ""
    finish_reason: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    choices: int = 0
    called_tools: bool = False

    @property
    def too_large(self) -> bool:
        return self.size > TEXT_LIMIT

    @property
    def text(self) -> str:
        return "".join(self.parts)

    def add(self, piece: Any, *, delta: bool) -> bool:
        """Take in a whole completion, or with ``delta`` a chunk of one; True when it brought text."""
        self.model = _name(_of(piece, "model")) or self.model
        self._count(_of(piece, "usage"))
        choices = _of(piece, "choices")
        if not isinstance(choices, list) or not choices:
            return False
        self.choices += 1
        choice = choices[0]
        self.finish_reason = _name(_of(choice, "finish_reason")) or self.finish_reason
        message = _of(choice, "delta" if delta else "message")
        if len(self.refusal) < QUOTE_LIMIT:
            self.refusal += _text(_of(message, "refusal")) or ""
        if _of(message, "tool_calls") or _of(message, "function_call"):
            self.called_tools = True
        text = _text(_of(message, "content"))
        if not text:
            return False
        self.parts.append(text)
        self.size += len(text)
        return True

    def _count(self, usage: Any) -> None:
        self.prompt_tokens = _number(_of(usage, "prompt_tokens"), self.prompt_tokens)
        self.completion_tokens = _number(_of(usage, "completion_tokens"), self.completion_tokens)

    def outcome(self) -> Outcome:
        """What the answer, now at its end, comes to."""
        usage = Usage(self.prompt_tokens, self.completion_tokens, self.model, self.finish_reason)
        ended = self._trouble()
        if ended is not None:
            code, message, retryable = ended
            return Failed(JobError(code, message), retryable=retryable, usage=usage)
        text = sound(self.text)
        if text is None:
            error = JobError("answer_garbled", "The answer holds half of a character (a lone surrogate).")
            return Failed(error, usage=usage)
        return Succeeded(text, usage=usage)

    def _trouble(self) -> tuple[str, str, bool] | None:
        if self.too_large:
            return "answer_too_large", f"The answer is longer than {TEXT_LIMIT} characters.", False
        if self.finish_reason in _CUT_OFF:
            return _CUT_OFF[self.finish_reason]
        if self.refusal:
            return "refusal", f"The model refused: {one_line(self.refusal)}", False
        if self.choices == 0:
            return "no_choice", "The model server answered without a choice.", True
        if self.called_tools and self.size == 0:
            return _CUT_OFF["tool_calls"]
        if self.finish_reason is None:
            return "answer_cut_off", "The answer ended before the model had finished.", True
        if self.size == 0:
            return "empty_answer", "The model answered with no text.", True
        return None


def sound(text: str) -> str | None:
    """The text with surrogate pairs joined that came in two pieces; ``None`` when a half is left over."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return None


def _of(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _name(value: object) -> str | None:
    return one_line(value) if isinstance(value, str) else None


def _number(value: object, before: int | None) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else before
