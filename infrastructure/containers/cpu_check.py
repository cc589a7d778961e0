"""Can MongoDB run on this CPU? Without the instructions it needs it crashes at its start, with no word about why.

https://www.mongodb.com/docs/manual/administration/production-notes/#platform-support-notes
"""

from __future__ import annotations

import platform
import re
from pathlib import Path

ADVICE = """
{reason}
Run Job Processor with SQLite instead: one container, one volume, no MongoDB:
  docker compose -f compose.sqlite.yml up --build
or use a MongoDB on another machine: infrastructure/containers/external-database.yml
A virtual machine often hides what its CPU can do: the type "host" (Proxmox, libvirt: host-passthrough) shows it.
To start MongoDB in spite of this: CPU_CHECK=off""".strip()
# Features that came with ARMv8.2-A; each such CPU has one of them.
_ARM_8_2 = frozenset({"asimddp", "asimdhp", "dcpop", "fphp", "sha3", "sha512", "sm3", "sm4", "sve"})


def missing(machine: str, cpuinfo: str) -> str | None:
    """What this CPU lacks, in a sentence; ``None``: nothing, or nothing is known about it."""
    listed = re.findall(r"^(?:flags|Features)\s*:(.*)$", cpuinfo, re.MULTILINE)
    if not listed:
        return None
    features = set(listed[0].split())
    if machine in ("x86_64", "amd64") and "avx" not in features:
        return "MongoDB 5.0 and newer cannot run on this CPU: it has no AVX instructions."
    if machine in ("aarch64", "arm64") and not features & _ARM_8_2:
        return "MongoDB 5.0 and newer cannot run on this CPU: it needs ARMv8.2-A or newer (Raspberry Pi 4 has 8.0)."
    return None


def refusal(machine: str | None = None, cpuinfo: Path = Path("/proc/cpuinfo")) -> str | None:
    """What to tell the operator, with the way out; ``None``: MongoDB can run here."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    reason = missing(machine or platform.machine(), text)
    return None if reason is None else ADVICE.format(reason=reason)
