"""Runs the README's two commands on a machine with only python3, make and certificates, as root or as a user.

Called by `fresh-machine-test` inside each machine, as root, with the clone at /clone. Prints one JSON object a step.
The standard library only, and no newer Python than the oldest system that is tried.
"""

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

STARTS_SECONDS = 900
TEST_SECONDS = 5400
FAST = "tests/core tests/results tests/docs tests/e2e/test_reach.py"
ADVICE = re.compile(r"^Install: (?:sudo )?(.+)$", re.MULTILINE)


class Failed(Exception):
    pass


class Person:
    """The user who runs the commands, with a fresh clone in the home directory."""

    def __init__(self, name):
        if name != "root":
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", name], check=True)
        self.entry = pwd.getpwnam(name)
        self.clone = os.path.join(self.entry.pw_dir, "job-processor")
        subprocess.run(["cp", "-r", "/clone", self.clone], check=True)
        subprocess.run(["chown", "-R", f"{self.entry.pw_uid}:{self.entry.pw_gid}", self.clone], check=True)

    def starts(self, *command):
        kept = ("PATH", "PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PIP_CONFIG_FILE")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment.update(HOME=self.entry.pw_dir, USER=self.entry.pw_name, LOGNAME=self.entry.pw_name)
        return subprocess.Popen(
            ["setpriv", f"--reuid={self.entry.pw_uid}", f"--regid={self.entry.pw_gid}", "--clear-groups", *command],
            cwd=self.clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )

    def does(self, *command, seconds=TEST_SECONDS):
        """The exit code and all output."""
        process = self.starts(*command)
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            return 124, said
        return process.returncode, said


def make_run(person):
    """`make run`, a job until it is COMPLETED, the page; then SIGTERM."""
    process = person.starts("make", "run", "PORT=0")
    said = []
    too_slow = threading.Timer(STARTS_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    too_slow.start()
    try:
        base = None
        for line in process.stdout:
            said.append(line)
            found = re.search(r"http://\S+?(?=/ui/)", line)
            if found:
                base = found.group()
                break
        too_slow.cancel()
        if base is None:
            raise Failed("".join(said[-15:]))
        wanted = urllib.request.Request(base + "/jobs", b'{"prompt": "hello"}', {"content-type": "application/json"})
        with urllib.request.urlopen(wanted, timeout=60) as answer:
            if answer.status != 201:
                raise Failed(f"POST /jobs answered {answer.status}")
            job = json.load(answer)["id"]
        patient = urllib.request.Request(f"{base}/jobs/{job}", headers={"prefer": "wait=20"})
        with urllib.request.urlopen(patient, timeout=60) as answer:
            state = json.load(answer)["status"]
        if state != "COMPLETED":
            raise Failed(f"the job is {state}")
        with urllib.request.urlopen(base + "/ui/", timeout=60) as answer:
            if b'<div id="root">' not in answer.read():
                raise Failed("the page is not there")
    finally:
        too_slow.cancel()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return "a job COMPLETED, the page is there"


def as_told(person, *command):
    """Run the command. If it stops and names packages, install them as root, once, and run it again."""
    code, said = person.does(*command)
    told = ADVICE.findall(said)
    if code == 0 or not told:
        return code, said, ""
    for advice in told:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        words = advice.replace("apt-get install", "apt-get install -y --no-install-recommends").split()
        subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=subprocess.DEVNULL)
        done = subprocess.run(
            words,
            cwd=person.clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"{advice}: {done.stderr[-500:]}")
    code, said = person.does(*command)
    return code, said, f"after `{'`, `'.join(told)}`: "


def _counts(said):
    found = re.findall(r"^=*\s*(\d+ (?:passed|failed|error|skipped)[^=\n]*?)(?: in .*)?$", said, re.MULTILINE)
    return found[-1].strip() if found else ""


def make_test(person):
    code, said, before = as_told(person, "make", "test")
    if code != 0:
        raise Failed(before + said[-3000:])
    return before + _counts(said)


def fast_tests(person):
    code, said, before = as_told(person, "make", "setup-test")
    if code != 0:
        raise Failed(before + said[-1500:])
    python = os.path.join("..", ".venv", "bin", "python")
    code, said = person.does("sh", "-c", f"cd backend && {python} -m pytest -q {FAST}")
    if code != 0:
        raise Failed(before + said[-3000:])
    return before + _counts(said)


STEPS = {
    "run": [("make run", make_run)],
    "test": [("make test", make_test)],
    "fast": [("make setup-test, fast tests", fast_tests)],
    "both": [("make run", make_run), ("make test", make_test)],
    "run+fast": [("make run", make_run), ("make setup-test, fast tests", fast_tests)],
}


def main():
    mode, name = sys.argv[1:]
    bare = [tool for tool in ("pip", "pip3", "curl", "git", "node", "cc", "sudo") if shutil.which(tool)]
    person = Person(name)
    for step, act in STEPS[mode]:
        begun = time.monotonic()
        try:
            ok, words = True, act(person)
        except Exception as error:
            ok, words = False, f"{type(error).__name__}: {error}"
        seconds = round(time.monotonic() - begun)
        version = ".".join(map(str, sys.version_info[:3]))
        line = {"who": name, "step": step, "ok": ok, "words": words, "seconds": seconds, "python": version, "has": bare}
        print("STEP " + json.dumps(line), flush=True)
        if not ok:
            break


main()
