"""The database's container: a first start that was killed anywhere is finished by the checks after it.

``mongosh`` is a small stand-in here (first_boot.cjs); with Docker, scripts/infra/compose-test runs the real one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
CHECK = REPOSITORY / "infrastructure/containers/mongodb/health.js"
NODE = Path(sys.executable).parent / "node"
NEW: dict[str, Any] = {"initiated": False, "users": {}}
ACCOUNTS = {"admin.root": "r00t", "job_processor.job_processor": "a pp"}


THREE = ["10.0.2.10:27017", "10.0.2.11:27017", "10.0.2.12:27017"]
MEMBERS = {"MONGODB_MEMBERS": ",".join(THREE)}


class Server:
    """What the database holds, between two checks."""

    def __init__(self, directory: Path, state: dict[str, Any]) -> None:
        self._directory = directory
        self._state = directory / "state.json"
        self._state.write_text(json.dumps(state))
        (directory / "mongodb-root-password").write_text("r00t\n")
        (directory / "mongodb-app-password").write_text("a pp\n")

    def check(self, die_after: int | None = None, member: int | None = None) -> int:
        environment = dict(os.environ) | ({} if member is None else MEMBERS | {"MONGODB_SELF": THREE[member]})
        environment |= {} if die_after is None else {"DIE_AFTER": str(die_after)}
        command = [str(NODE), str(Path(__file__).with_name("first_boot.cjs"))]
        command += [str(CHECK), str(self._state), str(self._directory)]
        return subprocess.run(command, env=environment, check=False, capture_output=True, timeout=60).returncode

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self._state.read_text())
        return state


def test_a_first_start_makes_set_and_accounts(tmp_path: Path) -> None:
    server = Server(tmp_path, NEW)
    assert server.check() == 0
    assert server.state == {"initiated": True, "users": ACCOUNTS, "members": ["mongodb:27017"]}
    # And the checks after it change nothing.
    assert server.check(die_after=0) == 0


@pytest.mark.parametrize("killed_after", [0, 1, 2])
def test_a_first_start_that_was_killed_is_finished_by_the_next_check(tmp_path: Path, killed_after: int) -> None:
    server = Server(tmp_path, NEW)
    assert server.check(die_after=killed_after) == 137
    assert server.state["users"] != ACCOUNTS
    assert server.check() == 0
    assert server.state == {"initiated": True, "users": ACCOUNTS, "members": ["mongodb:27017"]}


def test_a_database_of_before_without_the_applications_account_gets_it(tmp_path: Path) -> None:
    """What the image's own first start left when it was killed between its two steps."""
    server = Server(tmp_path, {"initiated": True, "users": {"admin.root": "r00t"}})
    assert server.check() == 0
    assert server.state["users"] == ACCOUNTS


def test_a_new_password_in_the_volume_becomes_the_accounts(tmp_path: Path) -> None:
    server = Server(tmp_path, {"initiated": True, "users": ACCOUNTS | {"job_processor.job_processor": "old"}})
    assert server.check() == 0
    assert server.state["users"] == ACCOUNTS


def test_where_roots_password_is_another_nothing_is_changed(tmp_path: Path) -> None:
    there = {"initiated": True, "users": ACCOUNTS | {"admin.root": "somebody else's"}}
    server = Server(tmp_path, there)
    assert server.check() == 1
    assert server.state == there


def test_the_first_of_three_members_makes_the_set(tmp_path: Path) -> None:
    server = Server(tmp_path, NEW)
    assert server.check(member=0) == 0
    assert server.state == {"initiated": True, "users": ACCOUNTS, "members": THREE}


def test_the_others_wait_for_it_and_are_healthy_when_they_follow(tmp_path: Path) -> None:
    server = Server(tmp_path, NEW)
    assert server.check(member=1) == 1
    assert server.state == NEW
    following = {"initiated": True, "follows": True, "users": ACCOUNTS}
    assert Server(tmp_path, following).check(member=1) == 0


def test_a_single_member_that_takes_no_writes_is_unhealthy(tmp_path: Path) -> None:
    assert Server(tmp_path, {"initiated": True, "follows": True, "users": ACCOUNTS}).check() == 1
