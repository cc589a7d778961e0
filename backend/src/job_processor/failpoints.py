"""Failpoints: named points at which tests make a process die, stall or fail.

``FAILPOINTS=name:action[@n],…`` with the actions ``kill``, ``pause`` (30 s), ``eio`` and ``raise``; ``@n``: only the
n-th time. Without the variable they do nothing; an exposed server refuses to start with it.
"""

import errno
import os
import signal
import time

NAMES = frozenset(
    {
        "sqlite.before_recovery",
        "sqlite.after_recovery",
        "sqlite.in_group",
        "sqlite.in_batch",
        "mongo.in_batch",
        "mongo.after_batch",
        "sqlite.before_commit",
        "sqlite.after_commit",
        "submit.before_response",
        "batch.before_response",
        "batch.before_end",
        "batch.after_end",
        "cancel.before_response",
        "retry.before_response",
        "replay.before_response",
        "delete.before_response",
        "accept.before_response",
        "claim.after_commit",
        "dispatch.before_send",
        "dispatch.after_send",
        "dispatch.after_record",
        "callback.before_apply",
        "callback.after_apply",
        "reaper.before_apply",
        "reaper.after_apply",
        "mongo.before_notices_leave",
        "mongo.in_roll_up",
        "webhook.before_send",
        "webhook.after_send",
        "webhook.after_record",
        "bulk.before_response",
        "bulk.after_plan",
        "bulk.before_settle",
        "bulk.after_settle",
    }
)

_actions: dict[str, tuple[str, int]] = {}
_passed: dict[str, int] = {}


def arm(text: str) -> None:
    """Arm the failpoints in ``text`` (the variable's value). Raises ``ValueError`` for an unknown name or action."""
    _actions.clear()
    _passed.clear()
    for part in filter(None, text.split(",")):
        name, _, action = part.partition(":")
        action, _, nth = action.partition("@")
        if name not in NAMES or action not in {"kill", "pause", "eio", "raise"}:
            raise ValueError(f"no such failpoint: {part}")
        _actions[name] = (action, int(nth or 1))


def failpoint(name: str) -> None:
    """Run the action that is armed for this point, if any."""
    if not _actions:
        return
    armed = _actions.get(name)
    if armed is None:
        return
    _passed[name] = _passed.get(name, 0) + 1
    action, nth = armed
    if _passed[name] != nth:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "pause":
        time.sleep(30)
    elif action == "eio":
        raise OSError(errno.EIO, f"failpoint {name}")
    else:
        raise RuntimeError(f"failpoint {name}")
