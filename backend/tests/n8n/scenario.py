"""What the scenarios share: the flow, the prompts, and what a completed job must look like."""

import json

from .backend import Job

TROUBLES = ("attempt_failed", "callback_overdue", "lease_lost")


def flow(url: str, concurrency: int = 20, callback_timeout: int = 120, max_attempts: int = 5, more: str = "") -> str:
    """A flows.toml with one n8n flow."""
    return f"""
default_flow = "n8n"

[flows.n8n]
processor = "n8n"
url = "{url}"
token_env = "N8N_TOKEN"
concurrency = {concurrency}
callback_timeout_seconds = {callback_timeout}
max_attempts = {max_attempts}
backoff_base_seconds = 1
backoff_cap_seconds = 10
{more}
"""


def with_api(url: str) -> str:
    """The lines that let us ask the n8n at this address what became of an execution."""
    return f'api_url = "{url}"\napi_key_env = "N8N_API_KEY"'


def prompts(count: int, hook: str = "") -> list[str]:
    return [f"{hook}job {number}" for number in range(count)]


def happened(job: Job) -> list[str]:
    return [event["what"] for event in job["history"]]


def details(job: Job) -> str:
    """All that the history says, as one text."""
    return "\n".join(event["detail"] or "" for event in job["history"])


def check_completed_once(jobs: list[Job]) -> None:
    for job in jobs:
        assert job["status"] == "COMPLETED", job
        assert happened(job).count("completed") == 1, job["history"]
        assert [a["end"] for a in job["attempts"]].count("succeeded") == 1, job["attempts"]
        # the answer is the one to this job's prompt, untouched
        assert json.loads(job["result"] or "")["answer"] == f"echo: {job['prompt']}"
