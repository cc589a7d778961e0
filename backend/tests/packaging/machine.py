"""A machine for the set-up scripts: a PATH with nothing on it but a real shell, plain tools, and programs made here."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
_PLAIN = ("sh", "cat", "chmod", "cp", "dirname", "env", "grep", "mkdir", "mktemp", "rm", "sed", "touch", "tr")


class Machine:
    """``root`` holds its programs (``bin``), what they were called with (``calls``) and what is installed."""

    def __init__(self, root: Path, *, user: int = 0) -> None:
        self.root = root
        self.bin = root / "bin"
        self.bin.mkdir()
        for name in _PLAIN:
            found = shutil.which(name)
            assert found is not None, name
            (self.bin / name).symlink_to(found)
        self.program("id", f"echo {user}")

    def program(self, name: str, body: str, *, folder: Path | None = None) -> Path:
        """Puts a program on PATH: each call is noted, with its arguments, before the body runs."""
        path = (folder or self.bin) / name
        note = "" if name == "id" else f'echo "{name} $*" >> "{self.root}/calls"\n'
        path.write_text(f"#!/bin/sh\nroot='{self.root}'\n{note}{body}\n")
        path.chmod(0o755)
        return path

    def run(
        self, script: str | Path, *arguments: str, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """One of the repository's scripts (or one at a path), as this machine would run it."""
        return subprocess.run(
            ["/bin/sh", str(REPOSITORY / "scripts" / script), *arguments],
            cwd=self.root,
            env={"PATH": str(self.bin), "HOME": str(self.root), "TMPDIR": str(self.root), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self) -> list[str]:
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def entries(self) -> list[str]:
        return sorted(os.listdir(self.root))
