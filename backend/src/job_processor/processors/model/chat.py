"""Chat completions: send the request, read the answer (one document or a stream), and convert it to an outcome."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import msgspec
from yarl import URL

from job_processor.core.lane import Trouble
from job_processor.core.outcome import HandOver, Outcome, lane_closed, server_fault
from job_processor.outgoing.error_details import decoded, is_error, read
from job_processor.outgoing.session import Incoming, Outgoing
from job_processor.processors.answers.meaning import after_partial_answer, detail_of, judge_error, judge_status
from job_processor.processors.base import Dispatch, ProcessorSetup
from job_processor.processors.model.answer import ModelAnswer
from job_processor.processors.model.options import ModelOptions, request_of, sent_of
from job_processor.processors.model.progress import Reporter
from job_processor.processors.model.sse import LOOK_BYTES, EventParser, ServerEvent, is_stream

ERROR_LIMIT: Final = 64 * 1024
"""Maximum bytes that are read of an error response."""
BODY_LIMIT: Final = 64 * 1_048_576
"""Maximum bytes of a response. A stream needs about 300 bytes for a few characters of text."""

Credential: TypeAlias = Callable[[], Awaitable[Mapping[str, str] | HandOver]]
"""Returns the header with the key or token, or a HandOver if there is none."""
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}


class Chat:
    """A client for one chat completion endpoint.

    ``url``: of the endpoint. ``model_option``: the name of the flow's option that sets the model, for error messages.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        url: URL,
        credential: Credential,
        options: ModelOptions,
        model: str,
        model_option: str,
        setup: ProcessorSetup,
    ) -> None:
        self._outgoing = outgoing
        self._url = url
        self._credential = credential
        self._options = options
        self._model = model
        self._model_option = model_option
        self._max_bytes = setup.max_result_bytes
        self._now = setup.now

    async def open(self) -> None:
        await self._outgoing.open()

    async def close(self) -> None:
        await self._outgoing.close()

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        credential = await self._credential()
        if isinstance(credential, HandOver):
            return credential
        request = request_of(self._options, self._model, dispatch)
        incoming = await self._outgoing.send(
            "POST", self._url, msgspec.json.encode(request), {**_HEADERS, **credential}, dispatch.measured
        )
        if isinstance(incoming, HandOver):
            return incoming
        try:
            sent = sent_of(request, self._model_option)
            return await self._answered(incoming, _Reading(incoming, sent, self._max_bytes, self._now), dispatch)
        finally:
            incoming.close()

    async def _answered(self, incoming: Incoming, reading: "_Reading", dispatch: Dispatch) -> Outcome | HandOver:
        if not 200 <= incoming.status < 300:
            body = b"" if incoming.is_encoded else await incoming.beginning(ERROR_LIMIT)
            meaning = judge_status(incoming.status, incoming.headers, body, self._now(), reading.sent)
            assert meaning is not None
            return meaning
        if incoming.is_encoded:
            # Compressed bodies are refused, because 200 KB may expand to 200 MB. The server probably compresses all.
            return lane_closed(Trouble.MISCONFIGURED, "It compresses its answers, which was not asked for.")
        reporter = Reporter(dispatch.progress, self._now)
        try:
            return await reading.run(reporter)
        finally:
            await reporter.close()


class _Reading:
    """Reads one response with a 2xx status."""

    def __init__(self, incoming: Incoming, sent: Mapping[str, str], max_bytes: int, now: Callable[[], int]) -> None:
        self.sent: Final = sent
        self._incoming = incoming
        self._now = now
        self._answer = ModelAnswer(max_bytes)
        self._size = 0

    async def run(self, reporter: Reporter) -> Outcome | HandOver:
        parts = self._bounded()
        beginning = b""
        async for part in parts:
            # Leading white space is skipped; there may be any amount of it.
            beginning = (beginning + part).lstrip()
            if len(beginning) >= LOOK_BYTES:
                break
        if is_stream(beginning, self._incoming.headers.get("Content-Type", "")):
            return await self._events(beginning, parts, reporter)
        return await self._document(beginning, parts, reporter)

    async def _bounded(self) -> AsyncIterator[bytes]:
        """The body, up to ``BODY_LIMIT``."""
        async for part in self._incoming.parts():
            self._size += len(part)
            if self._size > BODY_LIMIT:
                return
            yield part

    # --- one document ---

    async def _document(self, beginning: bytes, parts: AsyncIterator[bytes], reporter: Reporter) -> Outcome | HandOver:
        body = b"".join([beginning, *[part async for part in parts]])
        if self._size > BODY_LIMIT:
            return self._too_large()
        first = body.partition(b"\n")[0]
        if len(first) < len(body) and _is_json(first) and not _is_json(body):
            # A stream without SSE framing: one JSON chunk per line.
            return await self._events(body, parts, reporter)
        if self._incoming.fault is not None:
            return self._incoming.fault
        try:
            value = decoded(body)
        except (ValueError, RecursionError):
            return self._garbled(read(body).message)
        if isinstance(value, list) and value and all(_has_choices(chunk) for chunk in value):
            # All chunks of a stream in one JSON array.
            for chunk in value:
                self._answer.add(chunk, delta=True)
            self._answer.is_closed = True
            return self._end()
        if _is_error(value) and not isinstance(value, dict):
            return self._erred(value)
        self._answer.add(value, delta=False)
        self._answer.is_closed = True
        return self._erred(value) if _is_error(value) else self._end()

    # --- events ---

    async def _events(self, beginning: bytes, parts: AsyncIterator[bytes], reporter: Reporter) -> Outcome | HandOver:
        parser = EventParser()
        for event in parser.feed(beginning):
            ended = self._event(event, reporter)
            if ended is not None:
                return ended
        async for part in parts:
            for event in parser.feed(part):
                ended = self._event(event, reporter)
                if ended is not None:
                    return ended
        if self._size > BODY_LIMIT:
            return self._too_large()
        fault = self._incoming.fault
        for event in parser.end():
            if fault is not None and not _is_json(event.data):
                # The connection broke inside this event; complete events are still processed.
                continue
            ended = self._event(event, reporter)
            if ended is not None:
                return ended
        return self._end() if fault is None else self._broken_off(fault)

    def _event(self, event: ServerEvent, reporter: Reporter) -> Outcome | HandOver | None:
        """Process one event; the outcome if it ends the answer, else ``None``."""
        answer = self._answer
        data = event.data.strip()
        if data.strip(b'"').upper() == b"[DONE]":
            answer.is_closed = True
            return self._end()
        try:
            chunk = decoded(data)
        except (ValueError, RecursionError):
            lines = data.split(b"\n")
            if len(lines) > 1 and all(_is_json(line) or line.strip() == b"[DONE]" for line in lines):
                return self._each(lines, reporter)
            if event.type == "error":
                return self._erred(data.decode(errors="replace"))
            return self._garbled(read(data).message)
        if chunk is None:
            # A keep-alive.
            return None
        if not isinstance(chunk, dict):
            return self._erred(chunk) if _is_error(chunk) else self._garbled("")
        if _is_error(chunk) or event.type == "error":
            if answer.finish_reason is not None:
                return self._erred(chunk)
            answer.add(chunk, delta=True)
            return self._erred(chunk, finished=False)
        if answer.add(chunk, delta=True):
            if answer.too_large:
                return self._end()
            reporter.report(lambda: answer.text)
        return None

    def _each(self, lines: list[bytes], reporter: Reporter) -> Outcome | HandOver | None:
        """Process events that the server sent without an empty line between them."""
        for line in lines:
            ended = self._event(ServerEvent(line), reporter)
            if ended is not None:
                return ended
        return None

    # --- ends ---

    def _end(self) -> Outcome | HandOver:
        answer = self._answer
        if answer.choices == 0 and answer.model is None:
            return self._garbled("")
        return answer.outcome()

    def _too_large(self) -> Outcome:
        return self._answer.failed(
            "answer_too_large", f"The answer is longer than {BODY_LIMIT} bytes.", retryable=False
        )

    def _garbled(self, message: str) -> Outcome | HandOver:
        quoted = f": {message}" if message else "."
        return self._broken_off(server_fault("answer_garbled", f"The response is not a chat completion{quoted}"))

    def _erred(self, error: object, *, finished: bool = True) -> Outcome | HandOver:
        incoming = self._incoming
        over = judge_error(incoming.status, incoming.headers, error, self._now(), self.sent)
        return self._broken_off(over, finished=finished)

    def _broken_off(self, over: HandOver, *, finished: bool = True) -> Outcome | HandOver:
        """The outcome if an error ended the answer before the model did. ``over``: the error.

        ``finished``: the answer may have been complete before the error; if it was, it counts.
        """
        answer = self._answer
        if finished and answer.is_whole:
            return HandOver(answer.succeeded(f"The answer was whole; after it came: {detail_of(over)}"), over.lane)
        if finished and answer.is_final:
            return HandOver(answer.outcome(), over.lane)
        if answer.size == 0:
            return over
        return after_partial_answer(over, answer.failed("answer_broken", "The answer broke off."))


def _is_error(value: object) -> bool:
    """Like ``error_details.is_error``; an object with only a ``message`` is an error too."""
    if is_error(value):
        return True
    return isinstance(value, dict) and "choices" not in value and isinstance(value.get("message"), str)


def _has_choices(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("choices"), list) and not value.get("error")


def _is_json(data: bytes) -> bool:
    try:
        decoded(data)
    except (ValueError, RecursionError):
        return False
    return True
