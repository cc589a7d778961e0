"""In the test image that replaces MongoDB: the parts of `mongod` and `mongosh` that docker-compose.yml uses.

`mongod` makes the application's user the first time, then serves with authentication on. `mongosh` answers the health
check: can that user log in and is this the member that takes writes?
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

SECRETS = Path("/run/job-processor")
STORAGE = Path("/data/db/stand-in")
READY = Path("/data/db/user-made")
SERVER = "/opt/stand-in/bin/secantusd-rs"
OPTIONS = ["--storage-path", str(STORAGE), "--cache-size", "256M", "--log-file-max", "64MB", "--sync-on-commit"]


def password() -> str:
    return (SECRETS / "mongodb-app-password").read_text(encoding="utf-8").strip()


def connect(**options: Any) -> MongoClient[dict[str, Any]]:
    return MongoClient("127.0.0.1", 27017, directConnection=True, serverSelectionTimeoutMS=2000, **options)


def make_user() -> None:
    server = subprocess.Popen([SERVER, "--host", "127.0.0.1", "--port", "27017", *OPTIONS])
    try:
        for _ in range(50):
            try:
                connect().admin.command("ping")
                break
            except PyMongoError:
                time.sleep(0.2)
        roles = [{"role": "readWrite", "db": "job_processor"}]
        connect().job_processor.command("createUser", "job_processor", pwd=password(), roles=roles)
    finally:
        server.terminate()
        server.wait(timeout=20)
    READY.touch()


def mongod() -> None:
    if not READY.exists():
        make_user()
    os.execv(SERVER, [SERVER, "--host", "0.0.0.0", "--port", "27017", "--auth", *OPTIONS])


def mongosh() -> int:
    try:
        client = connect(username="job_processor", password=password(), authSource="job_processor")
        client.job_processor.command("ping")
        return 0 if client.admin.command("hello")["isWritablePrimary"] else 1
    except PyMongoError as error:
        print(error)
        return 1


if __name__ == "__main__":
    if sys.argv[1] == "mongod":
        mongod()
    sys.exit(mongosh())
