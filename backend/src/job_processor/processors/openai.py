"""``processor = "openai"``: a model behind OpenAI's API or any that is compatible (vLLM, Ollama, LiteLLM …)."""

import contextlib
from typing import Annotated, Any, Final

import httpx2
import msgspec
import openai

from job_processor.core.errors import JobProcessorError
from job_processor.core.job import Attempt, JobError
from job_processor.core.outcome import Failed, Outcome
from job_processor.processors.answers import one_line, trouble_of
from job_processor.processors.base import Dispatch, ServerFault, Surroundings
from job_processor.processors.completion import Answer
from job_processor.processors.http_options import address, secret
from job_processor.processors.model_options import ModelOptions, request_of
from job_processor.processors.outgoing import AttemptFailed, Outgoing, total_seconds
from job_processor.processors.sdk_transport import SdkTransport

PROGRESS_MS: Final = 500
"""Between two reports of partial text."""
PROGRESS_LIMIT: Final = 8_000
"""Characters of partial text that are reported: the last ones."""


class OpenAIOptions(ModelOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``api_key_env`` names the environment variable with the key; a server that wants none needs none."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    base_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)] = "https://api.openai.com/v1"
    api_key_env: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    organization: str | None = None
    project: str | None = None


class OpenAIProcessor:
    """One chat completion an attempt: the answer's text is the result."""

    def __init__(self, options: OpenAIOptions, around: Surroundings) -> None:
        base_url = address("base_url", options.base_url)
        key = None if options.api_key_env is None else secret("api_key_env", options.api_key_env, around)
        named = {"OpenAI-Organization": options.organization, "OpenAI-Project": options.project}
        outgoing = Outgoing(
            total_seconds(around.rules),
            headers={name: value for name, value in named.items() if value is not None},
            ca_file=options.ca_file,
        )
        client = openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=str(base_url),
            max_retries=0,
            # Said outright: OPENAI_CUSTOM_HEADERS in the environment would go before the key.
            default_headers=None if key is None else {"Authorization": f"Bearer {key}"},
            http_client=http_client(outgoing, credential=None if key is None else "authorization"),
        )
        self._chat = Chat(client, outgoing, options, options.model, around)

    async def open(self) -> None:
        await self._chat.open()

    async def close(self) -> None:
        await self._chat.close()

    async def run(self, dispatch: Dispatch) -> Outcome:
        return await self._chat.run(dispatch)

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Nothing awaits a callback here; a running answer is cut off with its task."""
        return None


def http_client(outgoing: Outgoing, *, credential: str | None) -> httpx2.AsyncClient:
    """What carries the SDK's requests. The SDK's own client follows redirects, keys and all; this one does not."""
    return httpx2.AsyncClient(
        transport=SdkTransport(outgoing, credential=credential), follow_redirects=False, trust_env=False
    )


class Chat:
    """Asks through the SDK, whichever client of it, and reads the answer."""

    def __init__(
        self, client: openai.AsyncOpenAI, outgoing: Outgoing, options: ModelOptions, model: str, around: Surroundings
    ) -> None:
        self._client = client
        self._outgoing = outgoing
        self._options = options
        self._model = model
        self._now = around.now

    async def open(self) -> None:
        await self._outgoing.open()

    async def close(self) -> None:
        await self._client.close()
        await self._outgoing.close()

    async def run(self, dispatch: Dispatch) -> Outcome:
        """Raises LaneTrouble and ServerFault; all else that can go wrong is a Failed."""
        answer = Answer()
        try:
            reply = await self._ask(request_of(self._options, self._model, dispatch))
            if self._options.stream:
                await self._follow(reply, answer, dispatch)
            else:
                answer.add(reply, delta=False)
        except AttemptFailed as error:
            return error.failed
        except openai.APIStatusError as error:
            return self._refused(error)
        except openai.APIError as error:
            # An error in the midst of a stream.
            if error.code == "content_filter":
                return _filtered(error.message)
            said = one_line(error.message)
            raise ServerFault("answer_broken", f"The model server broke the answer off: {said}") from error
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            # What the SDK makes of HTML, of invalid UTF-8, of JSON that is none: a clear word instead.
            raise ServerFault("answer_garbled", "What came back is no answer of a chat API.") from error
        if answer.choices == 0 and answer.model is None:
            raise ServerFault("answer_garbled", "What came back is no answer of a chat API.")
        return answer.outcome()

    async def _ask(self, request: dict[str, Any]) -> Any:
        """What the SDK reads, as plain JSON: objects of its own for all of it would cost seconds a megabyte."""
        return await self._client.post(
            "/chat/completions",
            cast_to=object,
            body=request,
            stream=self._options.stream,
            stream_cls=openai.AsyncStream[object],
        )

    async def _follow(self, stream: Any, answer: Answer, dispatch: Dispatch) -> None:
        told_at: int | None = None
        async with stream:
            async for chunk in stream:
                if not answer.add(chunk, delta=True):
                    continue
                if answer.too_large:
                    return
                now = self._now()
                if told_at is None or not 0 <= now - told_at < PROGRESS_MS:
                    told_at = now
                    # The answer is worth more than the report: the store may be away, the job deleted.
                    with contextlib.suppress(JobProcessorError):
                        await dispatch.progress(_last(answer.text))

    def _refused(self, error: openai.APIStatusError) -> Outcome:
        if error.code == "content_filter" or _inner_code(error.body) == "content_filter":
            return _filtered(error.message)
        response = error.response
        trouble = trouble_of(response.status_code, response.headers, response.content, self._now())
        if isinstance(trouble, AttemptFailed):
            return trouble.failed
        raise trouble from error


def _filtered(said: str) -> Failed:
    return Failed(
        JobError("content_filter", f"The content filter refused the prompt: {one_line(said)}"), retryable=False
    )


def _inner_code(body: object) -> object:
    """Azure's own word, when the SDK's look at the outer one found another."""
    match body:
        case {"innererror": {"code": "ResponsibleAIPolicyViolation"}}:
            return "content_filter"
        case _:
            return None


def _last(text: str) -> str:
    last = text if len(text) <= PROGRESS_LIMIT else "…" + text[1 - PROGRESS_LIMIT :]
    # Of a character that comes in two pieces the second may be on its way; a half cannot be kept.
    return last.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
