"""A server's first boot and its upgrades: killed before each step and run again, the result is the same.

The scripts are the real ones, in a folder of their own; the programs that they call are functions (server_stubs.bash),
among them a Docker that creates missing files as folders and a git that clones into empty folders only.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
STUBS = Path(__file__).with_name("server_stubs.bash")
KILLED = -9
NOTHING: Mapping[str, str] = {}
FLOWS = 'default_flow = "chat"\n'


class Server:
    """A server's files. ``disk`` is what a rebuild keeps."""

    def __init__(
        self,
        root: Path,
        disk: Path,
        *,
        volume: bool = True,
        release: str = "v1.0.0",
        prefix: str = "registry.example.com/x",
    ) -> None:
        self.root, self.disk = root, disk
        for folder in ("etc/job-processor/secrets", "dev/disk/by-id", "state", "var/lib"):
            (root / folder).mkdir(parents=True)
        disk.mkdir(exist_ok=True)
        (root / "disk").symlink_to(disk)
        (root / "etc/fstab").write_text("/dev/sda1 / ext4 defaults 0 1\n")
        (root / "dev/disk/by-id/scsi-0HC_Volume_110").touch()
        # The package started Docker.
        (root / "state/docker").touch()
        self.write("boot.env", self._boot(release, "110" if volume else "", prefix))
        self.write("stack.env", "COMPOSE_PROFILES='tls,backup'\nSITE_HOST='jobs.example.com'\n")
        self.write("flows.toml", FLOWS)

    def write(self, name: str, text: str) -> None:
        (self.root / "etc/job-processor" / name).write_text(text)

    def run(self, script: str, *arguments: str, kill_at: int = 0, given: Mapping[str, str] = NOTHING) -> int:
        environment = {"PATH": os.environ["PATH"], "BASH_ENV": str(STUBS), "TEST_ROOT": str(self.root)} | dict(given)
        if kill_at:
            environment["KILL_AT"] = str(kill_at)
        folder = "mongodb" if script == "node-boot.sh" else "hetzner"
        command = ["bash", str(REPOSITORY / "infrastructure" / folder / "templates" / script), *arguments]
        done = subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=60
        )
        self.said = done.stdout + done.stderr
        assert "WRONG" not in self.calls, self.calls
        return done.returncode

    def boot(self, **given: str) -> None:
        assert self.run("first-boot.sh", given=given) == 0, self.said

    @property
    def calls(self) -> str:
        file = self.root / "calls"
        return file.read_text() if file.exists() else ""

    def text(self, path: str) -> str:
        return (self.root / path).read_text()

    def result(self) -> dict[str, str]:
        """Everything that a boot leaves, but the log of calls."""
        names = [
            "opt/job-processor/.env",
            "opt/job-processor/docker-compose.yml",
            "etc/fstab",
            "etc/docker/daemon.json",
        ]
        names += ["var/lib/job-processor/flows/flows.toml", "var/lib/job-processor/flows/.as-written", "state/up"]
        return {name: self.text(name).replace(str(self.root), "") for name in names}

    @staticmethod
    def _boot(release: str, volume: str, prefix: str) -> str:
        return (
            f"REPOSITORY_URL='https://git.example.com/x.git'\nREPOSITORY_REF='{release}'\n"
            f"IMAGE_PREFIX='{prefix}'\nVOLUME_ID='{volume}'\n"
        )


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "server", tmp_path / "disk")


def test_the_first_boot_examines_before_it_starts(server: Server) -> None:
    server.boot()
    docker = [line.split()[2] for line in server.calls.splitlines() if line.startswith("docker compose")]
    assert docker == ["pull", "run", "up", "exec"]
    assert "IMAGE_TAG='v1.0.0'" in server.text("opt/job-processor/.env")
    assert (server.disk / "flows/flows.toml").read_text() == FLOWS
    assert (server.root / "opt/job-processor/.env").stat().st_mode & 0o077 == 0


# Steps are counted by the scripts themselves; each part takes every eighth.
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_a_boot_that_is_killed_before_any_step_is_finished_by_the_next(tmp_path: Path, part: int) -> None:
    whole = Server(tmp_path / "whole", tmp_path / "whole-disk")
    whole.boot()
    step = part + 1
    while True:
        one = Server(tmp_path / f"s{step}", tmp_path / f"d{step}")
        code = one.run("first-boot.sh", kill_at=step)
        if code == 0:
            break
        assert code == KILLED, one.said
        one.boot()
        assert one.result() == whole.result(), f"killed before step {step}"
        step += PARTS
    assert step > 40, "the kill did not reach the steps"


def test_without_a_volume_the_disk_of_the_server_is_used(tmp_path: Path) -> None:
    server = Server(tmp_path / "server", tmp_path / "disk", volume=False)
    server.boot()
    assert "mount" not in server.calls
    assert server.text("var/lib/job-processor/flows/flows.toml") == FLOWS


def test_a_rebuilt_server_finds_its_data(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    first = Server(tmp_path / "first", disk)
    first.boot()
    (disk / "volumes/mongodb").mkdir(parents=True)
    (disk / "operator.env").write_text("LOG_LEVEL=debug\n")
    (disk / "flows/flows.toml").write_text("# mine\n" + FLOWS)
    again = Server(tmp_path / "again", disk, release="v1.1.0")
    again.write("flows.toml", 'default_flow = "other"\n')
    again.boot()
    assert (disk / "volumes/mongodb").is_dir()
    assert again.text("opt/job-processor/.env").endswith("IMAGE_TAG='v1.1.0'\nLOG_LEVEL=debug\n")
    # The operator's flows stay, and it is said where the others are.
    assert (disk / "flows/flows.toml").read_text() == "# mine\n" + FLOWS
    assert "was changed by hand and stays" in again.said


def test_flows_that_nobody_changed_follow_the_settings(tmp_path: Path) -> None:
    Server(tmp_path / "first", tmp_path / "disk").boot()
    again = Server(tmp_path / "again", tmp_path / "disk")
    again.write("flows.toml", 'default_flow = "other"\n')
    again.boot()
    assert (tmp_path / "disk/flows/flows.toml").read_text() == 'default_flow = "other"\n'


def test_folders_that_docker_made_of_missing_files_are_no_obstacle(server: Server) -> None:
    (server.root / "opt/job-processor/infrastructure/containers/flows").mkdir(parents=True)
    server.boot()


def test_without_released_images_they_are_built(server: Server) -> None:
    server.boot(NO_IMAGES="1")
    assert "docker compose build --pull" in server.calls
    assert "could not be pulled" in server.said


def test_settings_that_are_not_usable_start_nothing(server: Server) -> None:
    assert server.run("first-boot.sh", given={"REFUSING": "release v1.0.0"}) == 1
    assert "the settings are not usable" in server.said
    assert "docker compose up" not in server.calls


# --- a database server -----------------------------------------------------------------------------


def database_server(root: Path, disk: Path) -> Server:
    server = Server(root, disk)
    secrets = root / "etc/mongodb-node/secrets"
    secrets.mkdir(parents=True)
    (secrets / "mongodb-key-file").write_text("key")
    (root / "etc/mongodb-node/boot.env").write_text("VOLUME_ID='110'\n")
    return server


def test_a_database_servers_boot_can_be_killed_and_repeated(tmp_path: Path) -> None:
    step = 0
    while True:
        step += 1
        one = database_server(tmp_path / f"s{step}", tmp_path / f"d{step}")
        code = one.run("node-boot.sh", kill_at=step)
        if code == 0:
            break
        assert code == KILLED, one.said
        assert one.run("node-boot.sh") == 0, one.said
        assert (one.root / "state/up").exists()
        assert len(one.text("etc/fstab").splitlines()) == 2
        assert (one.root / "etc/mongodb-node/secrets/mongodb-key-file").stat().st_mode & 0o777 == 0o400
    assert step > 12, "the kill did not reach the steps"


# --- upgrade ---------------------------------------------------------------------------------------


def test_an_upgrade_examines_the_new_release_before_anything_is_replaced(server: Server) -> None:
    server.boot()
    before = len(server.calls)
    assert server.run("upgrade.sh", "v2.0.0") == 0, server.said
    steps = [line for line in server.calls[before:].splitlines() if line.startswith("docker compose")]
    assert [line.split()[2] for line in steps] == ["exec", "pull", "run", "up"]
    assert "backup.py once" in steps[0]
    assert server.text("state/release") == "release v2.0.0\n"
    assert "IMAGE_TAG='v2.0.0'" in server.text("state/up")
    assert "REPOSITORY_REF='v2.0.0'" in server.text("etc/job-processor/boot.env")
    # Running the first boot again keeps the release.
    server.boot()
    assert server.text("state/release") == "release v2.0.0\n"


@pytest.mark.parametrize(("tag", "refusing"), [("v0.9.0", "release v0.9.0"), ("nonsense", "none")])
def test_a_release_that_refuses_the_database_or_is_not_there_changes_nothing(
    server: Server, tag: str, refusing: str
) -> None:
    server.boot()
    before = server.result()
    assert server.run("upgrade.sh", tag, given={"REFUSING": refusing}) != 0
    assert server.result() == before
    assert "v1.0.0" in server.text("etc/job-processor/boot.env")
    assert tag in server.said


@pytest.mark.parametrize("known", [True, False], ids=["", "set up before images had tags"])
@pytest.mark.parametrize("running", ["v1.0.0", "main"])
def test_where_images_are_built_those_of_a_refused_release_are_not_used(
    tmp_path: Path, running: str, known: bool
) -> None:
    server = Server(tmp_path / "server", tmp_path / "disk", release=running, prefix="")
    server.boot()
    runs = server.text("state/release")
    if not known:
        file = server.root / "opt/job-processor/.env"
        file.write_text(re.sub(r"IMAGE_TAG=.*\n", "", file.read_text()))
    (server.root / "state/main").write_text("decade")  # what `main` leads to after the fetch
    for tag, refusing in (("v0.9.0", "release v0.9.0"), ("main", "release decade")):
        assert server.run("upgrade.sh", tag, given={"REFUSING": refusing}) == 1, server.said
        assert f"{tag} was not started" in server.said
        assert server.text("opt/job-processor/docker-compose.yml") == runs
        named = server.text("opt/job-processor/.env").partition("IMAGE_TAG='")[2].partition("'")[0]
        assert named == runs.split()[1]
        assert server.text(f"state/images/{named}") == runs


def test_an_upgrade_that_is_killed_before_any_step_can_be_run_again(tmp_path: Path) -> None:
    step = 0
    while True:
        step += 1
        one = Server(tmp_path / f"s{step}", tmp_path / f"d{step}")
        one.boot()
        code = one.run("upgrade.sh", "v2.0.0", kill_at=step)
        if code == 0:
            break
        assert code == KILLED, one.said
        # Either way: forward, or back to what ran before.
        target = "v2.0.0" if step % 2 else "v1.0.0"
        assert one.run("upgrade.sh", target) == 0, one.said
        assert one.text("state/release") == f"release {target}\n"
        assert f"IMAGE_TAG='{target}'" in one.text("state/up")
    assert step > 8, "the kill did not reach the steps"
