"""Freed memory goes back to the system."""

import platform
import subprocess
import sys

import pytest

PEAK = """
import threading
from job_processor.memory import return_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

assert return_memory()
before = resident()

def peaks():
    # A large block that is freed, then many of almost its size between small ones that stay.
    for size in (16 << 20, 8 << 20):
        del (block := bytearray(size))[:]
    kept, large = [], []
    for number in range(200):
        large.append(bytearray(200_000))
        kept.append(bytearray(1_000))
    large.clear()
    stays.append(kept)

stays = []
threads = [threading.Thread(target=peaks) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="NO glibc HERE: its allocator is what is told")
def test_a_peak_of_large_blocks_does_not_stay() -> None:
    grown = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True).stdout
    # 320 MB were taken, and 1.6 MB of them are kept.
    assert int(grown) < 16 << 20
