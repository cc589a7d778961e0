"""A stand-in for `docker compose run`, `up` and `stop`, to run the commands of the documents without containers.

Programs, environment, mounts and the service `secrets` are what docker-compose.yml says; only the containers are
missing: paths inside them are mapped to folders, and the database is SQLite in VOLUMES/data.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

VOLUMES = Path(os.environ["VOLUMES"])
BIN = Path(sys.executable).parent


def main(words: list[str]) -> int:
    if words[:1] != ["compose"]:
        raise SystemExit(f"unexpected: docker {' '.join(words)}")
    with (VOLUMES / "calls").open("a", encoding="utf-8") as calls:
        calls.write(" ".join(words) + "\n")
    match words[1:]:
        case ["up", "--detach"] | ["stop", *_]:
            return 0
        case ["up", "secrets"]:
            make_secrets(configuration())
            return 0
        case ["run", "--rm", *rest]:
            given: dict[str, str] = {}
            while rest[0].startswith("--"):
                option = rest.pop(0)
                if option == "--env":
                    name, _, value = rest.pop(0).partition("=")
                    given[name] = value
                elif option != "--no-TTY":
                    raise SystemExit(f"unexpected: {option}")
            services = configuration()
            make_secrets(services)
            if rest[0] != "backup":
                raise SystemExit(f"unexpected: {rest[0]}")
            code: int = program("backup").main(rest[1:], environment_of(services["backup"]) | given)
            return code
        case _:
            raise SystemExit(f"unexpected: docker {' '.join(words)}")


def make_secrets(services: dict[str, Any]) -> None:
    secrets = services["secrets"]
    os.environ |= environment_of(secrets)
    sys.path.insert(0, "infrastructure/containers")
    folders = {mount["target"]: str(source(mount)) for mount in secrets["volumes"]}
    program("make_secrets").main(["--volume", folders["/run/job-processor"], "--operator", folders["/operator"]])


def configuration() -> dict[str, Any]:
    command = [str(BIN / "docker-compose"), "--profile", "*", "config", "--format", "json"]
    services: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["services"]
    return services


def program(name: str) -> Any:
    return importlib.import_module(name)


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    mounts = {one["target"]: source(one) for one in service["volumes"]}
    environment = {key: mapped(value or "", mounts) for key, value in service["environment"].items()}
    # The database of this test is SQLite.
    environment |= {"MONGODB_URI_FILE": "", "DATA_DIR": str(VOLUMES / "data"), "PATH": f"{BIN}:{os.environ['PATH']}"}
    return environment | {"SECRETS_DIR": str(VOLUMES / "secrets"), "BACKUP_DIR": str(VOLUMES / "backups")}


def source(mount: dict[str, Any]) -> Path:
    folder = VOLUMES / mount["source"] if mount["type"] == "volume" else Path(mount["source"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def mapped(value: str, mounts: dict[str, Path]) -> str:
    for target, folder in mounts.items():
        if value.startswith(target):
            return str(folder) + value.removeprefix(target)
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
