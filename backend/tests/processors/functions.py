"""Functions that a python flow may name."""

import asyncio
import threading
from typing import Any

from job_processor.processors.python.context import Context

SEEN: list[Context] = []


class NotAgain(Exception):
    retryable = False


class Later(Exception):
    def __init__(self, seconds: Any) -> None:
        self.again_in_seconds = seconds


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def later(prompt: str, context: Context) -> str:
    raise Later(eval(prompt))


def echo(prompt: str, context: Context) -> str:
    SEEN.append(context)
    return f"{prompt} ({context.job_id} {context.attempt} {dict(context.metadata)} {context.complaint})"


async def echo_async(prompt: str, context: Context) -> str:
    return prompt


def promise(prompt: str, context: Context) -> Any:
    return echo_async(prompt, context)


class Callable:
    async def __call__(self, prompt: str, context: Context) -> str:
        return prompt


instance = Callable()


def value(prompt: str, context: Context) -> Any:
    """The value that the prompt spells in Python."""
    return eval(prompt)


def thread(prompt: str, context: Context) -> bool:
    return threading.current_thread() is not threading.main_thread()


async def thread_async(prompt: str, context: Context) -> bool:
    return threading.current_thread() is not threading.main_thread()


def report(prompt: str, context: Context) -> str:
    for word in prompt.split():
        context.progress(word)
    return "done"


async def report_async(prompt: str, context: Context) -> str:
    for word in prompt.split():
        context.progress(word)
        await asyncio.sleep(0)
    return "done"


_ERRORS: dict[str, BaseException] = {
    "plain": ValueError("odd prompt"),
    "final": NotAgain("never"),
    "unprintable": Unprintable(),
    "surrogate": ValueError("\ud800"),
    "long": ValueError("x" * 10_000),
    "exit": SystemExit(3),
    "stop": StopIteration(),
    "cancelled": asyncio.CancelledError(),
    "keyboard": KeyboardInterrupt(),
}


def fail(prompt: str, context: Context) -> str:
    raise _ERRORS[prompt]


async def fail_async(prompt: str, context: Context) -> str:
    raise _ERRORS[prompt]


STARTED = threading.Event()
RELEASED = threading.Event()
SAW_CANCEL = threading.Event()


def patient(prompt: str, context: Context) -> str:
    STARTED.set()
    while not context.cancelled:
        RELEASED.wait(0.01)
    context.progress("too late")
    SAW_CANCEL.set()
    return "too late"


async def patient_async(prompt: str, context: Context) -> str:
    STARTED.set()
    await asyncio.Event().wait()
    return "never"


def wants_more(prompt: str, context: Context, more: int) -> str:
    return ""


not_callable = 3
