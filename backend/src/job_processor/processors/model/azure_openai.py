"""``processor = "azure-openai"``: a model deployed in Azure OpenAI, with a key or by managed identity."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

import msgspec

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.job import Attempt
from job_processor.core.lane import Trouble
from job_processor.core.outcome import HandOver, Outcome, lane_closed
from job_processor.outgoing.session import Outgoing, total_seconds
from job_processor.processors.answers.meaning import detail_of
from job_processor.processors.base import Dispatch, ProcessorSetup
from job_processor.processors.health import Health
from job_processor.processors.http_options import address, secret, sends_to
from job_processor.processors.model.asking import knows_deployment
from job_processor.processors.model.chat import Chat
from job_processor.processors.model.options import ModelOptions, check

SCOPE: Final = "https://cognitiveservices.azure.com/.default"
IDENTITY_SECONDS = 20.0
"""Timeout for fetching a token. Tokens are renewed long before they expire, so few attempts wait for one."""


class AzureOpenAIOptions(ModelOptions, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Either ``api_key_env`` or ``managed_identity``; ``client_id`` selects one of several assigned identities."""

    endpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    deployment: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    api_version: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.-]{1,40}$")] = "v1"
    """``v1``: Azure's address without versions, for every model. A date: the address with the deployment in it."""
    api_key_env: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    managed_identity: bool = False
    client_id: str | None = None


class AzureOpenAIProcessor:
    """Like OpenAIProcessor, with Azure's URLs and authentication."""

    def __init__(self, options: AzureOpenAIOptions, setup: ProcessorSetup) -> None:
        if (options.api_key_env is None) != options.managed_identity:
            raise ProcessorUnusable("set either api_key_env or managed_identity = true")
        check(options)
        endpoint = address("endpoint", options.endpoint)
        key = None if options.api_key_env is None else secret("api_key_env", options.api_key_env, setup)
        self._identity = _Identity(options.client_id) if options.managed_identity else None
        outgoing = Outgoing(total_seconds(setup.rules), ca_file=options.ca_file)

        async def credential() -> Mapping[str, str] | HandOver:
            if key is not None:
                return {"api-key": key}
            assert self._identity is not None
            token = await self._identity.token()
            return token if isinstance(token, HandOver) else {"Authorization": f"Bearer {token}"}

        if options.api_version == "v1":
            url = endpoint / "openai" / "v1" / "chat" / "completions"
        else:
            url = endpoint / "openai" / "deployments" / options.deployment / "chat" / "completions"
            url = url.with_query({"api-version": options.api_version})
        self.sends_to = sends_to("POST", url, model=options.deployment)
        self._chat = Chat(outgoing, url, credential, options, options.deployment, "deployment", setup)

        async def health() -> Health:
            headers = await credential()
            if isinstance(headers, HandOver):
                return Health(False, detail_of(headers))
            return await knows_deployment(outgoing, url, setup.now, headers, options.deployment)

        self._ask = health

    async def open(self) -> None:
        await self._chat.open()

    async def close(self) -> None:
        await self._chat.close()
        if self._identity is not None:
            await self._identity.close()

    async def run(self, dispatch: Dispatch) -> Outcome | HandOver:
        return await self._chat.run(dispatch)

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Always ``None``, because a model sends no callback. A running request is aborted with its task."""
        return None

    async def health(self) -> Health:
        """Check the deployment itself, because Azure's list of models has those that can be deployed."""
        return await self._ask()


class _Identity:
    """Bearer tokens from azure-identity, which renews them itself. Created on first use, inside the running loop."""

    def __init__(self, client_id: str | None) -> None:
        try:
            self._library: Any = importlib.import_module("azure.identity.aio")
        except ImportError:
            raise ProcessorUnusable("managed_identity needs the package azure-identity") from None
        self._client_id = client_id
        self._credential: Any = None
        self._fetch: Callable[[], Awaitable[str]] | None = None

    async def token(self) -> str | HandOver:
        """A bearer token; a HandOver that closes the lane if none can be fetched."""
        try:
            if self._fetch is None:
                self._credential = self._library.DefaultAzureCredential(managed_identity_client_id=self._client_id)
                self._fetch = self._library.get_bearer_token_provider(self._credential, SCOPE)
            async with asyncio.timeout(IDENTITY_SECONDS):
                return await self._fetch()
        except Exception as error:
            detail = f"No token could be fetched for the managed identity ({type(error).__name__})."
            return lane_closed(Trouble.MISCONFIGURED, detail)

    async def close(self) -> None:
        if self._credential is not None:
            await self._credential.close()
            self._credential = self._fetch = None
