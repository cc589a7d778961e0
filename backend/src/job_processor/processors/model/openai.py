"""``processor = "openai"``: a model behind OpenAI's API or a compatible one (vLLM, Ollama, LiteLLM …)."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from job_processor.core.job import Attempt
from job_processor.core.outcome import HandOver, Outcome
from job_processor.outgoing.session import Outgoing, total_seconds
from job_processor.processors.base import Dispatch, ProcessorSetup
from job_processor.processors.health import Health
from job_processor.processors.http_options import address, secret, sends_to
from job_processor.processors.model.asking import is_listed
from job_processor.processors.model.chat import Chat
from job_processor.processors.model.options import ModelOptions, check


class OpenAIOptions(ModelOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``api_key_env``: the environment variable with the API key; optional for servers without one."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    base_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)] = "https://api.openai.com/v1"
    api_key_env: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    organization: str | None = None
    project: str | None = None


class OpenAIProcessor:
    """One chat completion per attempt; the answer's text is the result."""

    def __init__(self, options: OpenAIOptions, setup: ProcessorSetup) -> None:
        check(options)
        base_url = address("base_url", options.base_url)
        key = None if options.api_key_env is None else secret("api_key_env", options.api_key_env, setup)
        named = {"OpenAI-Organization": options.organization, "OpenAI-Project": options.project}
        outgoing = Outgoing(
            total_seconds(setup.rules),
            headers={name: value for name, value in named.items() if value is not None},
            ca_file=options.ca_file,
        )
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}

        async def credential() -> Mapping[str, str]:
            return headers

        url = (base_url / "chat" / "completions").with_query(base_url.query)
        self.sends_to = sends_to("POST", url, model=options.model)
        self._chat = Chat(outgoing, url, credential, options, options.model, "model", setup)
        models = (base_url / "models").with_query(base_url.query)

        async def health() -> Health:
            return await is_listed(outgoing, models, setup.now, headers, options.model)

        self._ask = health

    async def open(self) -> None:
        await self._chat.open()

    async def close(self) -> None:
        await self._chat.close()

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        return await self._chat.run(dispatch)

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Always ``None``, because a model sends no callback. A running request is aborted with its task."""
        return None

    async def health(self) -> Health:
        return await self._ask()
