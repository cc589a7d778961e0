"""What Python 3.11 (Debian 12 has 3.11.2) needs to report a failing test.

Before 3.12 ``ast.parse`` raises "SystemError: AST constructor recursion depth mismatch" where a garbage collection
in its midst calls ``ast.parse`` again. pytest's report of a failure parses the test's source; what is collected
meanwhile may complain (a connection that was not closed), and pytest's report of that parses too. pytest then ends
with INTERNALERROR.
"""

import ast
import functools
import gc
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def _without_collecting(parse: Callable[P, T]) -> Callable[P, T]:
    @functools.wraps(parse)
    def parsed(*args: P.args, **kwargs: P.kwargs) -> T:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return parse(*args, **kwargs)
        finally:
            if was_on:
                gc.enable()

    return parsed


def mend() -> None:
    if sys.version_info < (3, 12):
        ast.parse = _without_collecting(ast.parse)
