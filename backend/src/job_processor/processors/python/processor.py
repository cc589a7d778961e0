"""``processor = "python"``: a function of the operator, called in this process.

It is called with (prompt, context). Its return value is the result: a string unchanged, any other JSON value encoded.
An exception is a failed attempt; with the attribute ``retryable = False`` the job fails, with ``again_in_seconds = 30``
it is put back for so long, at no cost.
"""

import asyncio
import contextlib
import contextvars
import importlib
import inspect
import json
import re
import threading
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from job_processor.core.errors import ProcessorUnusable
from job_processor.core.job import Attempt, JobError
from job_processor.core.outcome import Deferred, Failed, Outcome, Succeeded, again, is_again_seconds
from job_processor.outgoing.text import one_line
from job_processor.processors import result_size
from job_processor.processors.base import Dispatch, ProcessorSetup
from job_processor.processors.model.answer import valid_unicode
from job_processor.processors.python.context import Context

MESSAGE_LIMIT: Final = 500
"""Maximum characters of an exception's message."""
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""ANSI escape sequences, which some exception messages contain."""

Function: TypeAlias = Callable[[str, Context], Any]


class PythonOptions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """``function``: ``module:name``, importable where the worker runs."""

    function: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$", max_length=300)]


class PythonProcessor:
    """An async function runs on the event loop, any other in a new thread."""

    def __init__(self, options: PythonOptions, setup: ProcessorSetup) -> None:
        self._function = _found(options.function)
        self.sends_to = options.function
        self._max_bytes = setup.max_result_bytes
        self._now = setup.now
        self._on_loop = inspect.iscoroutinefunction(self._function) or inspect.iscoroutinefunction(
            getattr(self._function, "__call__", None)  # noqa: B004 (tests whether it is async, not whether it exists)
        )

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Threads cannot be stopped; they are daemons and end with the process."""

    async def run(self, dispatch: Dispatch) -> Outcome:
        context = Context(dispatch, asyncio.get_running_loop())
        try:
            returned = await self._call(dispatch.prompt, context)
            await context.end()
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return Failed(JobError("python_error", "The function cancelled itself."))
        except (Exception, SystemExit) as error:
            return _asks_later(error, self._now()) or _failed(error)
        finally:
            context.abandon()
        return _outcome(returned, self._max_bytes)

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Always ``None``: no callback is awaited; a running function can check ``context.cancelled``."""
        return None

    async def _call(self, prompt: str, context: Context) -> object:
        if self._on_loop:
            return await self._function(prompt, context)
        returned = await _in_thread(self._function, prompt, context)
        return await returned if inspect.isawaitable(returned) else returned


def _found(name: str) -> Function:
    module_name, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        raise ProcessorUnusable(
            f"function: {module_name} cannot be imported ({type(error).__name__}: {error})"
        ) from error
    for step in path.split("."):
        found = getattr(found, step, None)
    if not callable(found):
        raise ProcessorUnusable(f"function: {name} is not there or cannot be called")
    try:
        inspect.signature(found).bind("", None)
    except TypeError:
        raise ProcessorUnusable(f"function: {name} must take (prompt, context)") from None
    except ValueError:
        pass  # Some built-in callables have no signature.
    function: Function = found
    return function


async def _in_thread(function: Function, prompt: str, context: Context) -> object:
    """Call the function in a new daemon thread: threads of a pool would block each other and the process's exit."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[tuple[object, BaseException | None]] = loop.create_future()
    variables = contextvars.copy_context()

    def deliver(returned: object, error: BaseException | None) -> None:
        if not done.done():
            done.set_result((returned, error))

    def work() -> None:
        returned: object = None
        error: BaseException | None = None
        try:
            returned = variables.run(function, prompt, context)
        except BaseException as raised:
            error = raised
        # RuntimeError: the event loop has ended, so nobody waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, returned, error)

    threading.Thread(target=work, name=f"job {context.job_id}", daemon=True).start()
    returned, error = await done
    if error is not None:
        raise error if isinstance(error, (Exception, SystemExit)) else RuntimeError(repr(error))
    return returned


def _outcome(returned: object, max_bytes: int) -> Outcome:
    if isinstance(returned, str):
        text = returned
    else:
        try:
            text = json.dumps(returned, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            message = f"The function returned a {type(returned).__name__} that cannot be written as JSON."
            return Failed(JobError("python_result", message), retryable=False)
    whole, note = valid_unicode(text)
    return result_size.refused(whole, "The result", max_bytes) or Succeeded(whole, note=note)


def _asks_later(error: BaseException, now: int) -> Deferred | None:
    """``None`` if the exception does not ask for the job later, or not within bounds."""
    seconds = getattr(error, "again_in_seconds", None)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not is_again_seconds(seconds):
        return None
    return again(seconds, now)


def _failed(error: BaseException) -> Failed:
    try:
        message = f"{type(error).__name__}: {error}"
    except Exception:
        message = type(error).__name__
    kept = _COLOURS.sub("", message[: 4 * MESSAGE_LIMIT])
    kept = one_line(kept, MESSAGE_LIMIT)
    return Failed(JobError("python_error", kept), retryable=getattr(error, "retryable", True) is not False)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
