"""``processor = "python"``: a function of the operator's own, in this process.

It is called with (prompt, context). What it returns is the result: text as it is, any other JSON value encoded.
An exception is a failed attempt, and the last one if it carries ``retryable = False``.
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
from job_processor.core.outcome import Failed, Outcome, Succeeded
from job_processor.processors import result_size
from job_processor.processors.base import Dispatch, Surroundings
from job_processor.processors.completion import sound
from job_processor.processors.python_context import Context
from job_processor.processors.words import one_line

MESSAGE_LIMIT: Final = 500
"""Characters of an exception's message that are kept."""
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""What some exceptions print to a terminal."""

Function: TypeAlias = Callable[[str, Context], Any]


class PythonOptions(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """``function``: ``module:name``, importable where the worker runs."""

    function: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$", max_length=300)]


class PythonProcessor:
    """An async function runs on the loop, any other in a thread of its own."""

    def __init__(self, options: PythonOptions, around: Surroundings) -> None:
        self._function = _found(options.function)
        self._most = around.max_result_bytes
        self._on_loop = inspect.iscoroutinefunction(self._function) or inspect.iscoroutinefunction(
            getattr(self._function, "__call__", None)  # noqa: B004 (asked for its kind, not whether it is there)
        )

    async def open(self) -> None:
        """Nothing to get ready."""

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
            return _failed(error)
        finally:
            context.abandon()
        return _outcome(returned, self._most)

    async def cancel(self, job_id: str, attempt: Attempt) -> str | None:
        """Nothing awaits a callback here; a running function sees ``context.cancelled``."""
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
        pass  # Some built-in callables have no signature to ask.
    function: Function = found
    return function


async def _in_thread(function: Function, prompt: str, context: Context) -> object:
    """A thread for each call, and a daemon: a pool's threads would hold up the end of the process, and the others."""
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
        # Once the loop has ended, nobody waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(deliver, returned, error)

    threading.Thread(target=work, name=f"job {context.job_id}", daemon=True).start()
    returned, error = await done
    if error is not None:
        raise error if isinstance(error, (Exception, SystemExit)) else RuntimeError(repr(error))
    return returned


def _outcome(returned: object, most: int) -> Outcome:
    if isinstance(returned, str):
        text = returned
    else:
        try:
            text = json.dumps(returned, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            message = f"The function returned a {type(returned).__name__} that cannot be written as JSON."
            return Failed(JobError("python_result", message), retryable=False)
    whole, note = sound(text)
    return result_size.refused(whole, "The result", most) or Succeeded(whole, note=note)


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
